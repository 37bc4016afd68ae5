/** A small line of a signal's last hour, for lists: no axes, gaps left open. */
import styles from "./chart.module.css";
import { type Columns, lowerBound } from "./columns";
import type { Span } from "./span";

interface Props {
  columns: Columns | undefined;
  span: Span;
  /** What it is, for whoever doesn't see it. */
  label: string;
}

const WIDTH = 100;
const HEIGHT = 24;

/** The line as an SVG path over 100 x 24; empty without values. */
export function pathOf(columns: Columns, span: Span): string {
  const start = lowerBound(columns.times, span.from);
  const values = columns.values.slice(start).filter((value): value is number => value !== null);
  if (!values.length) return "";
  let [low, high] = [values[0] as number, values[0] as number];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // A gauge's noise is a flat line here: only what moves by more than a fiftieth of its value takes the height.
  const size = Math.max(high - low, Math.abs(high + low) / 100);
  low = (high + low - size) / 2;
  const parts: string[] = [];
  let pen = "M";
  for (let i = start; i < columns.times.length; i++) {
    const value = columns.values[i];
    if (value === null || value === undefined) {
      pen = "M";
      continue;
    }
    const x = (((columns.times[i] as number) - span.from) / (span.to - span.from)) * WIDTH;
    const y = size > 0 ? HEIGHT - 1 - ((value - low) / size) * (HEIGHT - 2) : HEIGHT / 2;
    parts.push(`${pen}${x.toFixed(1)} ${y.toFixed(1)}`);
    pen = "L";
  }
  return parts.join("");
}

export function Sparkline({ columns, span, label }: Props) {
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={styles["spark"]}
      role="img"
      aria-label={label}
    >
      {columns && <path d={pathOf(columns, span)} />}
    </svg>
  );
}
