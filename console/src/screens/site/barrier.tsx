/** A barrier's state: by shape and in words, and why it isn't clear. */
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import styles from "./site.module.css";
import type { BarrierState, Reason } from "./types";

const SHAPES: Record<BarrierState["state"], string> = {
  clear: "M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
  alarmed: "M8 .500 15.500 8 8 15.500.500 8Z",
  unknown: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2a5 5 0 1 1 0 10A5 5 0 0 1 8 3Z",
};
const FILLS: Record<BarrierState["state"], string> = {
  clear: "var(--good)",
  alarmed: "var(--high)",
  unknown: "var(--unknown)",
};

export function BarrierStateMark({ state }: { state: BarrierState["state"] }) {
  const t = useTranslations("site.barriers.states");
  return (
    <span className={styles["barrierState"]}>
      <svg viewBox="0 0 16 16" width="1em" height="1em" aria-hidden="true">
        <path d={SHAPES[state]} fill={FILLS[state]} fillRule="evenodd" />
      </svg>
      {t(state)}
    </span>
  );
}

export function ReasonText({ reason }: { reason: Reason }) {
  const t = useTranslations("site.barriers.reason");
  const text = t(reason.kind, { asset: reason.asset, text: reason.text });
  return reason.alarm ? <Link href={`/alarms/${encodeURIComponent(reason.alarm)}`}>{text}</Link> : text;
}

/** In a list on another page. */
export function BarrierLine({ barrier }: { barrier: BarrierState }) {
  const [first] = barrier.reasons;
  return (
    <li>
      <BarrierStateMark state={barrier.state} />
      <Link href={`/site/barriers#${encodeURIComponent(barrier.id)}`}>{barrier.name || barrier.id}</Link>
      {first && (
        <span className={styles["soft"]}>
          <ReasonText reason={first} />
        </span>
      )}
    </li>
  );
}
