/** Marks of states: each says it by colour, by shape and in words. */
import { useTranslations } from "use-intl";
import type { AlarmState, HealthState, Severity } from "../api/types";
import styles from "./marks.module.css";

export const SHAPES: Record<Severity, string> = {
  critical: "M8 1 15 15H1Z", // triangle
  high: "M8 .5 15.500 8 8 15.500.500 8Z", // diamond
  medium: "M1.500 1.500h13v13h-13Z", // square
  low: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Z", // disc
  info: "M3 6.500h10v3H3Z", // bar
};

interface MarkProps {
  severity: Severity;
  /** Whether the word stands beside the shape; otherwise it is read out only. */
  text?: boolean;
  /** Blinks: the alarm waits for someone. */
  calling?: boolean;
}

export function SeverityMark({ severity, text = true, calling = false }: MarkProps) {
  const t = useTranslations("ui.severity");
  return (
    <span className={styles["mark"]} data-severity={severity}>
      <svg viewBox="0 0 16 16" aria-hidden="true" className={calling ? styles["calling"] : undefined}>
        <path d={SHAPES[severity]} />
      </svg>
      <span className={text ? undefined : "sr-only"}>{t(severity)}</span>
    </span>
  );
}

/** State of an alarm's life cycle (IEC 62682), in words; what waits for someone stands out by weight. */
export function AlarmStateMark({ state, pending = false }: { state: AlarmState; pending?: boolean }) {
  const t = useTranslations("ui.alarmState");
  return (
    <span className={styles["state"]} data-state={state}>
      {t(state)}
      {pending && <span className={styles["pending"]}> · {t("pending")}</span>}
    </span>
  );
}

const HEALTH_SHAPES: Record<HealthState, string> = {
  live: "M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
  delayed: "M2 6h12v4H2Z",
  frozen: "M1.500 1.500h13v13h-13Z",
  stopped: "M8 .500 15.500 8 8 15.500.500 8Z",
  down: "M8 1 15 15H1Z",
  unknown: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2a5 5 0 1 1 0 10A5 5 0 0 1 8 3Z", // hollow: nothing is known
};

/** How a source or signal stands. Normal is grey; silence is never green. */
export function HealthMark({ state, text = true }: { state: HealthState; text?: boolean }) {
  const t = useTranslations("ui.health");
  return (
    <span className={styles["mark"]} data-health={state}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={HEALTH_SHAPES[state]} fillRule="evenodd" />
      </svg>
      <span className={text ? undefined : "sr-only"}>{t(state)}</span>
    </span>
  );
}
