/** A word with a shape before it: a grey dot where all is as it should be, a diamond where it isn't. */
import type { ReactNode } from "react";
import styles from "./health.module.css";

export function Flag({ bad, children }: { bad: boolean; children: ReactNode }) {
  return (
    <span className={styles["row"]}>
      <svg viewBox="0 0 16 16" width="1em" height="1em" aria-hidden="true">
        {bad ? (
          <path d="M8 .500 15.500 8 8 15.500.500 8Z" fill="var(--high)" />
        ) : (
          <circle cx="8" cy="8" r="4" fill="var(--good)" />
        )}
      </svg>
      {bad ? <strong>{children}</strong> : children}
    </span>
  );
}
