/** What a screen shows when it has nothing to show: it reads, there is nothing, it went wrong, it is not for you. */
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { asProblem } from "../api/problem";
import { Button } from "./button";
import styles from "./states.module.css";

export function Loading() {
  const t = useTranslations("ui");
  return (
    <p className={styles["quiet"]} role="status">
      {t("loading")}
    </p>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className={styles["quiet"]}>{children}</p>;
}

/** The box in which something that went wrong is said. */
export function StateBox({ children }: { children: ReactNode }) {
  return (
    <div className={styles["failed"]} role="alert">
      {children}
    </div>
  );
}

/** What went wrong, what to do about it, and a way to try again. */
export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  const t = useTranslations("ui.problem");
  const problem = asProblem(error);
  const known = problem.status === 0 ? t("unreachable") : problem.status === 403 ? t("forbidden") : t("failed");
  return (
    <StateBox>
      <p>
        <strong>{known}</strong>
        {problem.status !== 0 && problem.detail && ` ${problem.detail}`}
      </p>
      {problem.remedy && <p>{problem.remedy}</p>}
      {problem.retryAfter !== null && <p>{t("wait", { s: problem.retryAfter })}</p>}
      {again && <Button onClick={again}>{t("again")}</Button>}
    </StateBox>
  );
}
