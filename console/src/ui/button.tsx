/** Buttons: quiet by default; `primary` for the one thing a dialog is for. */
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
