/** Buttons: quiet by default; `primary` for the one thing a dialog is for; a choice is some of which one is chosen. */
import type { ButtonHTMLAttributes, ReactNode } from "react";
import styles from "./button.module.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "quiet" | "primary" | "bare";
  /** Drawn before the text. */
  icon?: ReactNode;
}

export function Button({ kind = "quiet", icon, className, children, type = "button", ...rest }: Props) {
  return (
    <button {...rest} type={type} className={[styles["button"], styles[kind], className].filter(Boolean).join(" ")}>
      {icon}
      {children}
    </button>
  );
}

/** Buttons of which one is chosen, side by side as one; `legend` is what is chosen, for who hears the page. */
export function Choice({ legend, children }: { legend: string; children: ReactNode }) {
  return (
    <fieldset className={styles["choice"]}>
      <legend className="sr-only">{legend}</legend>
      {children}
    </fieldset>
  );
}
