/** The dialog in which somebody acts on alarms, one or thousands: with a comment, from any screen. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { type Action, act, open, type Wish } from "../../api/alarms";
import { Cell, useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { eventNow } from "../../api/clock";
import type { Alarm } from "../../api/types";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Failed } from "../../ui/states";
import { say } from "../../ui/toast";
import styles from "./acting.module.css";

interface Asked {
  action: Action;
  /** Those that the action would change. */
  alarms: readonly Alarm[];
}

const asked = new Cell<Asked | null>(null);

/** Have the dialog opened for some alarms; those that the action doesn't change are left out. */
export function askToAct(action: Action, alarms: readonly Alarm[]): void {
  asked.set({ action, alarms: open(action, alarms) });
}

export function Acting() {
  const what = useCell(asked);
  return what && <Act key={what.action} {...what} />;
}

const HOUR_MS = 3_600_000;
const SHELVE_HOURS = [1, 4, 8, 24, 72] as const;
const MOST_COMMENT = 1000;
const LISTED = 5;

function Act({ action, alarms }: Asked) {
  const t = useTranslations("alarms.act");
  const ui = useTranslations("ui");
  const [comment, setComment] = useState("");
  const [hours, setHours] = useState<number>(SHELVE_HOURS[0]);
  const [to, setTo] = useState("");
  const first = useRef<HTMLTextAreaElement>(null);
  const close = () => asked.set(null);
  const doing = useMutation({
    mutationFn: () =>
      act(
        wish(),
        alarms.map((one) => one.id),
      ),
    onSuccess: (n) => {
      say(t(`done.${action}`, { n }));
      close();
    },
  });
  useEffect(() => queueMicrotask(() => first.current?.focus()), []); // the dialog opens after this effect

  function wish(): Wish {
    if (action === "assign") return { action, comment, to: to || null };
    if (action !== "shelve") return { action, comment };
    return { action, comment, until: new Date((eventNow() ?? Date.now()) + hours * HOUR_MS).toISOString() };
  }

  const submit = (event: FormEvent) => {
    event.preventDefault();
    doing.mutate();
  };
  return (
    <Dialog title={t(`title.${action}`, { n: alarms.length })} onClose={close}>
      {alarms.length === 0 ? (
        <p>{t("nothing")}</p>
      ) : (
        <form onSubmit={submit} className={styles["form"]}>
          <ul className={styles["list"]}>
            {alarms.slice(0, LISTED).map((one) => (
              <li key={one.id}>{one.title}</li>
            ))}
            {alarms.length > LISTED && <li>{t("more", { n: alarms.length - LISTED })}</li>}
          </ul>
          {action === "assign" && <To value={to} choose={setTo} />}
          {action === "shelve" && (
            <Field label={t("for")} hint={t("shelveHint")}>
              <select value={hours} onChange={(event) => setHours(Number(event.target.value))}>
                {SHELVE_HOURS.map((n) => (
                  <option key={n} value={n}>
                    {t("hours", { n })}
                  </option>
                ))}
              </select>
            </Field>
          )}
          <Field label={t("comment")} hint={t("commentHint")}>
            <textarea
              ref={first}
              rows={2}
              maxLength={MOST_COMMENT}
              value={comment}
              onChange={(event) => setComment(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && !event.shiftKey) {
                  event.preventDefault();
                  if (!doing.isPending) doing.mutate();
                }
              }}
            />
          </Field>
          {doing.isError && <Failed error={doing.error} />}
          <p className={styles["end"]}>
            <Button onClick={close}>{ui("cancel")}</Button>
            <Button kind="primary" type="submit" disabled={doing.isPending}>
              {t(`button.${action}`)}
            </Button>
          </p>
        </form>
      )}
    </Dialog>
  );
}

function To({ value, choose }: { value: string; choose: (to: string) => void }) {
  const t = useTranslations("alarms.act");
  const people = useQuery({ queryKey: ["people"], queryFn: () => ask(api.GET("/api/v1/people")) });
  if (people.isError) return <Failed error={people.error} again={() => void people.refetch()} />;
  return (
    <Field label={t("to")}>
      <select value={value} onChange={(event) => choose(event.target.value)}>
        <option value="">{t("nobody")}</option>
        {(people.data?.items ?? []).map((one) => (
          <option key={one.id} value={one.id}>
            {one.kind === "role" ? t("role", { role: one.role }) : one.id}
          </option>
        ))}
      </select>
    </Field>
  );
}
