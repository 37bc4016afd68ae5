/** A choice with its label beside it. */
import { cloneElement, type ReactElement, useId } from "react";
import styles from "./reports.module.css";

export function Pick({ label, children }: { label: string; children: ReactElement<{ id?: string }> }) {
  const id = useId();
  return (
    <span className={styles["pick"]}>
      <label htmlFor={id}>{label}</label>
      {cloneElement(children, { id })}
    </span>
  );
}
