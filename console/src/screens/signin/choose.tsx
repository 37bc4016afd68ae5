/** Another password: at the first sign-in with a one-time password, and whenever somebody likes. */
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { api, ask } from "../../api/client";
import { type ApiProblem, asProblem } from "../../api/problem";
import { askSession, session } from "../../api/session";
import { Button } from "../../ui/button";
import { Field } from "../../ui/field";
import { useCountdown } from "./countdown";
import styles from "./signin.module.css";

const SHORTEST = 12;

/** At the first sign-in. */
export function ChoosePassword({ name }: { name: string }) {
  const t = useTranslations("signin.choose");
  const leave = async () => {
    await ask(api.DELETE("/api/v1/session")).catch(() => undefined);
    session.set({ state: "out", info: null });
  };
  return (
    <>
      <p className={styles["note"]}>{t("why", { name })}</p>
      <PasswordForm current={t("current")} submit={t("submit")} onDone={() => void askSession()} />
      <Button kind="bare" onClick={() => void leave()}>
        {t("leave")}
      </Button>
    </>
  );
}

interface Props {
  current: string;
  submit: string;
  onDone: () => void;
}

export function PasswordForm({ current, submit, onDone }: Props) {
  const t = useTranslations();
  const [values, setValues] = useState({ current: "", new: "", again: "" });
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [working, setWorking] = useState(false);
  const [wait, hold] = useCountdown();
  const missing = SHORTEST - values.new.length;
  const differ = values.again !== "" && values.again !== values.new;
  const ready = values.current !== "" && missing <= 0 && values.again === values.new && !working && wait === 0;

  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    setWorking(true);
    setProblem(null);
    try {
      const body = { current: values.current, new: values.new };
      await ask(api.POST("/api/v1/session/password", { body }));
      setValues({ current: "", new: "", again: "" });
      onDone();
    } catch (error) {
      const told = asProblem(error);
      if (told.retryAfter !== null) hold(told.retryAfter);
      setProblem(told);
    }
    setWorking(false);
  };
  const field = (name: "current" | "new" | "again", autoComplete: string) => (
    <input
      type="password"
      autoComplete={autoComplete}
      maxLength={256}
      value={values[name]}
      onChange={(event) => setValues({ ...values, [name]: event.target.value })}
    />
  );
  const hint = values.new && missing > 0 ? t("signin.choose.short", { missing }) : t("signin.choose.rule");
  return (
    <form onSubmit={send} className={styles["form"]}>
      <Field label={current}>{field("current", "current-password")}</Field>
      <Field label={t("signin.choose.new")} hint={hint}>
        {field("new", "new-password")}
      </Field>
      <Field label={t("signin.choose.again")} fault={differ ? t("signin.choose.differ") : undefined}>
        {field("again", "new-password")}
      </Field>
      {problem && (
        <div role="alert" className={styles["refused"]}>
          <p>
            <strong>
              {problem.status === 429
                ? t("signin.throttled", { s: wait })
                : problem.status === 0
                  ? t("signin.unreachable")
                  : problem.detail}
            </strong>
          </p>
          {problem.remedy && problem.status !== 429 && <p>{problem.remedy}</p>}
        </div>
      )}
      <Button kind="primary" type="submit" disabled={!ready}>
        {submit}
      </Button>
    </form>
  );
}
