/** A titled area of a screen, a landmark of its own. */
import { type ReactNode, useId } from "react";
import styles from "./panel.module.css";

interface Props {
  title: ReactNode;
  /** Beside the title: buttons, links, counts. */
  aside?: ReactNode;
  children: ReactNode;
  /** Without padding: for tables and maps. */
  flush?: boolean;
  className?: string | undefined;
}

export function Panel({ title, aside, children, flush = false, className }: Props) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={[styles["panel"], className].filter(Boolean).join(" ")}>
      <header className={styles["head"]}>
        <h2 id={id}>{title}</h2>
        {aside && <div className={styles["aside"]}>{aside}</div>}
      </header>
      <div className={flush ? styles["flush"] : styles["body"]}>{children}</div>
    </section>
  );
}

/** The head of a screen: its name, what it is about, what can be done. */
export function ScreenHead({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <header className={styles["screen"]}>
      <h1>{title}</h1>
      {children && <div className={styles["aside"]}>{children}</div>}
    </header>
  );
}

/** A term and what is said of it, in rows. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={styles["facts"]}>{children}</dl>;
}

export function Fact({ term, children }: { term: ReactNode; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}
