/** A labelled control of a form, with a hint and what is wrong with it. */
import { cloneElement, type ReactElement, type ReactNode, useId } from "react";
import styles from "./field.module.css";

interface Control {
  id?: string;
  "aria-describedby"?: string | undefined;
  "aria-invalid"?: boolean;
}

interface Props {
  label: ReactNode;
  hint?: ReactNode;
  fault?: ReactNode;
  children: ReactElement<Control>;
}

export function Field({ label, hint, fault, children }: Props) {
  const id = useId();
  const told = [hint ? `${id}-hint` : "", fault ? `${id}-fault` : ""].filter(Boolean).join(" ");
  return (
    <div className={styles["field"]}>
      <label htmlFor={id}>{label}</label>
      {cloneElement(children, { id, "aria-describedby": told || undefined, "aria-invalid": Boolean(fault) })}
      {hint && (
        <p id={`${id}-hint`} className={styles["hint"]}>
          {hint}
        </p>
      )}
      {fault && (
        <p id={`${id}-fault`} className={styles["fault"]} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
