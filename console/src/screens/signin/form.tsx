/** Name and password; a pause that the server asks for is counted down. */
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";
import { api, ask } from "../../api/client";
import { type ApiProblem, asProblem } from "../../api/problem";
import { session } from "../../api/session";
import { Button } from "../../ui/button";
import { Field } from "../../ui/field";
import { useCountdown } from "./countdown";
import styles from "./signin.module.css";

const PAGE = "/sign-in";

export function NameAndPassword() {
  const t = useTranslations("signin");
  const [place, go] = useLocation();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [capsLock, setCapsLock] = useState(false);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [wait, hold] = useCountdown();
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (working || wait > 0) return;
    setWorking(true);
    setProblem(null);
    try {
      const info = await ask(api.POST("/api/v1/session", { body: { name: name.trim(), password } }));
      if (place.startsWith(PAGE)) go("/", { replace: true });
      session.set({ state: "in", info });
    } catch (error) {
      const told = asProblem(error);
      setProblem(told);
      setPassword("");
      if (told.retryAfter !== null) hold(told.retryAfter);
      setWorking(false);
    }
  };
  const look = (event: KeyboardEvent) => setCapsLock(event.getModifierState("CapsLock"));
  return (
    <form onSubmit={submit} className={styles["form"]}>
      <Field label={t("name")}>
        <input
          ref={first}
          value={name}
          onChange={(event) => setName(event.target.value)}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          maxLength={64}
        />
      </Field>
      <Field label={t("password")} hint={capsLock ? t("capsLock") : undefined}>
        <input
          type="password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          onKeyUp={look}
          autoComplete="current-password"
          required
          maxLength={256}
        />
      </Field>
      <Refusal problem={problem} wait={wait} />
      <Button kind="primary" type="submit" disabled={working || wait > 0}>
        {working ? t("working") : t("submit")}
      </Button>
    </form>
  );
}

function Refusal({ problem, wait }: { problem: ApiProblem | null; wait: number }) {
  const t = useTranslations("signin");
  if (!problem) return null;
  if (problem.status === 429) {
    return <p role="alert">{wait > 0 && t("throttled", { s: wait })}</p>;
  }
  return (
    <div role="alert" className={styles["refused"]}>
      <p>
        <strong>
          {problem.status === 401 ? t("wrong") : problem.status === 0 ? t("unreachable") : problem.detail}
        </strong>
      </p>
      {problem.status === 401 ? <p>{t("forgotten")}</p> : problem.remedy && <p>{problem.remedy}</p>}
    </div>
  );
}
