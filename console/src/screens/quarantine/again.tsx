/** Reading kept messages again: first only to see what would come of it, then for good. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { api, ask } from "../../api/client";
import { may } from "../../api/session";
import type { RefusalReason, Reingest } from "../../api/types";
import { Button } from "../../ui/button";
import { Field } from "../../ui/field";
import { useReasonName } from "../../ui/reason";
import { Time } from "../../ui/time";
import { sayFailed } from "../../ui/toast";
import styles from "./quarantine.module.css";

const LOOK_MS = 700;
const ended = (order: Reingest | undefined) => order?.state === "done" || order?.state === "failed";

export function Again({ item }: { item: RefusalReason }) {
  const t = useTranslations("quarantine.again");
  const client = useQueryClient();
  const [order, setOrder] = useState<string | null>(null);
  const [comment, setComment] = useState("");
  const give = useMutation({
    mutationFn: (dry: boolean) =>
      ask(
        api.POST("/api/v1/quarantine/reingest", {
          body: { source: item.source, reason: item.reason, dry_run: dry, comment },
        }),
      ),
    onSuccess: (given) => setOrder(given.id),
    onError: (error) => sayFailed(t("failed"), error),
  });
  const follow = useQuery({
    queryKey: ["reingest", order],
    queryFn: async () => {
      const told = await ask(
        api.GET("/api/v1/quarantine/reingest/{order}", { params: { path: { order: order ?? "" } } }),
      );
      if (ended(told) && !told.dry_run) void client.invalidateQueries({ queryKey: ["quarantine"] });
      return told;
    },
    enabled: order !== null,
    refetchInterval: (query) => (ended(query.state.data) ? false : LOOK_MS),
  });
  const told = follow.data;
  const busy = give.isPending || (order !== null && !ended(told));
  const tried = ended(told) && told?.dry_run && told.state === "done";
  const nothing = (item.messages ?? 0) === 0;
  if (nothing && order === null) return <p className={styles["soft"]}>{t("nothing")}</p>;
  if (!may("act.quarantine")) return <p className={styles["soft"]}>{t("notYou")}</p>;
  return (
    <div className={styles["again"]}>
      <p className={styles["soft"]}>{t("about")}</p>
      <div className={styles["buttons"]}>
        <Button kind={tried ? "quiet" : "primary"} disabled={busy} onClick={() => give.mutate(true)}>
          {t("try")}
        </Button>
      </div>
      {busy && (
        <p role="status" className={styles["soft"]}>
          {told?.state === "running" ? t("running", { n: told.messages }) : t("waiting")}
        </p>
      )}
      {told && ended(told) && <Outcome order={told} />}
      {tried && told && told.taken + told.partly > 0 && (
        <form
          className={styles["take"]}
          onSubmit={(event) => {
            event.preventDefault();
            give.mutate(false);
          }}
        >
          <Field label={t("comment")} hint={t("commentHint")}>
            <input value={comment} maxLength={500} onChange={(event) => setComment(event.target.value)} />
          </Field>
          <Button kind="primary" type="submit" disabled={busy}>
            {t("take", { n: told.taken + told.partly })}
          </Button>
        </form>
      )}
    </div>
  );
}

/** What came of an order, or would. */
function Outcome({ order }: { order: Reingest }) {
  const t = useTranslations("quarantine.again");
  const format = useFormatter();
  const name = useReasonName();
  if (order.state === "failed")
    return (
      <p role="alert" className={styles["wrong"]}>
        <strong>{t("failed")}</strong> {order.error}
      </p>
    );
  const still = order.messages - order.taken - order.partly;
  const kind = order.dry_run ? "would" : "did";
  return (
    <section className={styles["outcome"]} aria-label={t(`${kind}.title`)}>
      <h3>{t(`${kind}.title`)}</h3>
      <p role="status">
        {t(`${kind}.sum`, { messages: order.messages, taken: order.taken, partly: order.partly, still })}
      </p>
      {order.values + order.events > 0 && (
        <p>{t(`${kind}.gives`, { values: order.values, rows: order.rows, events: order.events })}</p>
      )}
      {order.late > 0 && <p className={styles["soft"]}>{t("late", { late: order.late, rows: order.rows })}</p>}
      {Object.keys(order.refused).length > 0 && (
        <>
          <p>{t("still")}</p>
          <ul className={styles["faults"]}>
            {Object.entries(order.refused).map(([reason, count]) => (
              <li key={reason}>
                {name(reason)}: <b>{format.number(count)}</b>
              </li>
            ))}
          </ul>
          <details>
            <summary>{t("examples")}</summary>
            <ul className={styles["faults"]}>
              {order.examples.map((one, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: examples don't move
                <li key={i}>
                  {name(one.reason)}: {one.where} <code>{one.what}</code>
                </li>
              ))}
            </ul>
          </details>
        </>
      )}
      {!order.dry_run && (
        <p className={styles["soft"]}>
          {order.by} · <Time at={order.finished} zone />
          {order.comment && ` · ${order.comment}`}
        </p>
      )}
    </section>
  );
}
