/** A dialog of the platform: Escape closes it, focus stays in it and goes back where it was. */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslations } from "use-intl";
import { Button } from "./button";
import styles from "./dialog.module.css";

interface Props {
  title: ReactNode;
  children: ReactNode;
  onClose: () => void;
  /** From the side, for details beside a list. */
  side?: boolean;
}

export function Dialog({ title, children, onClose, side = false }: Props) {
  const t = useTranslations("ui");
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      className={side ? styles["side"] : styles["dialog"]}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className={styles["head"]}>
        <h2 id={id}>{title}</h2>
        <Button kind="bare" onClick={onClose} aria-label={t("close")}>
          ✕
        </Button>
      </header>
      <div className={styles["body"]}>{children}</div>
    </dialog>
  );
}
