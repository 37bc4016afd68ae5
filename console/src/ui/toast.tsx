/** Short messages about what was just done; read out, and gone after a while unless something went wrong. */
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { Cell, useCell } from "../api/cell";
import { asProblem } from "../api/problem";
import { Button } from "./button";
import styles from "./toast.module.css";

interface Toast {
  id: number;
  text: string;
  remedy: string;
  bad: boolean;
}

const SHOWN_MS = 6_000;
const toasts = new Cell<readonly Toast[]>([]);
let count = 0;

const put = (text: string, remedy: string, bad: boolean) =>
  toasts.set([...toasts.value.slice(-3), { id: ++count, text, remedy, bad }]);
const drop = (id: number) => toasts.set(toasts.value.filter((one) => one.id !== id));

/** Say that something was done. */
export function say(text: string): void {
  put(text, "", false);
}

/** Say that something failed; stays until it is closed. `what` says what was tried. */
export function sayFailed(what: string, error: unknown): void {
  const problem = asProblem(error);
  put([what, problem.detail].filter(Boolean).join(": "), problem.remedy, true);
}

export function Toasts() {
  const shown = useCell(toasts);
  return (
    <div className={styles["toasts"]} aria-live="polite">
      {shown.map((one) => (
        <One key={one.id} toast={one} />
      ))}
    </div>
  );
}

function One({ toast }: { toast: Toast }) {
  const t = useTranslations("ui");
  useEffect(() => {
    if (toast.bad) return undefined;
    const timer = setTimeout(() => drop(toast.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div className={styles["toast"]} data-bad={toast.bad} role={toast.bad ? "alert" : undefined}>
      <div>
        <p>{toast.text}</p>
        {toast.remedy && <p>{toast.remedy}</p>}
      </div>
      <Button kind="bare" aria-label={t("close")} onClick={() => drop(toast.id)}>
        ✕
      </Button>
    </div>
  );
}
