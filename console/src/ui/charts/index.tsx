/** Charts of signals for all screens: `SignalChart` (uPlot, loaded when first shown) and `Sparkline` (lists). */
import { Suspense, useCallback, useMemo, useRef, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Cell, useCell } from "../../api/cell";
import { useEventNow } from "../../api/clock";
import { may } from "../../api/session";
import { useSite } from "../../api/site";
import type { Episode, Prediction, Signal } from "../../api/types";
import { Button } from "../button";
import { part } from "../part";
import { Failed } from "../states";
import { msOf, Time } from "../time";
import { written } from "../unit";
import styles from "./chart.module.css";
import { type Columns, lowerBound, nearest } from "./columns";
import { digitsOf, useExpected, useHistory, useSignal, useSpans } from "./data";
import type { Limit, Moment, Shade } from "./paint";
import { follows, panned, type Span, spanOf, type View, zoomed } from "./span";
import { ValueTable } from "./table";

export type { Moment } from "./paint";
export { follows, HOUR, MINUTE, PRESETS, type Span, spanOf, type View, viewOf, withView } from "./span";
export { Sparkline } from "./sparkline";

const Plot = part(() => import("./plot"));

export interface SignalChartProps {
  /** Id of the signal. */
  signal: string;
  /** `{from, to}` in Unix ms, or `{last: ms}`, which follows the event clock. */
  view: View;
  /** Zoomed or moved by the person who looks; without it the chart stays where it is. */
  onView?: (view: View) => void;
  /** px of the plot. */
  height?: number;
  /** Whether what was expected is drawn; `rule` chooses one where several expect it. */
  expected?: boolean;
  rule?: string | undefined;
  /** Anomalous spans to be shaded; by default all of the signal's. */
  spans?: readonly Episode[];
  /** Moments to be pointed out. */
  moments?: readonly Moment[];
  /** Charts of one key share their cursor. */
  sync?: string;
  /** Without buttons, key and table: for a place among others. */
  compact?: boolean;
  /** Gets the canvas, for a picture. */
  onCanvas?: (canvas: HTMLCanvasElement | null) => void;
}

const NO_MOMENTS: readonly Moment[] = [];
const LIMITS: readonly [key: string, name: string, trip: boolean][] = [
  ["high_high", "HH", true],
  ["high", "H", false],
  ["low", "L", false],
  ["low_low", "LL", true],
];

/** The limits that a signal has, named as on the plant's own screens. */
export function limitsOf(signal: Pick<Signal, "limits"> | undefined): Limit[] {
  return LIMITS.flatMap(([key, name, trip]) => {
    const value = signal?.limits[key];
    return value === null || value === undefined ? [] : [{ name, value, trip }];
  });
}

export function SignalChart(props: SignalChartProps) {
  const { signal: id, view, onView, height = 280, expected = false, rule, sync, compact = false } = props;
  const { moments = NO_MOMENTS } = props;
  const t = useTranslations("charts");
  const format = useFormatter();
  const timeZone = useSite()?.time_zone ?? "UTC";
  const [width, setWidth] = useState(0);
  const signal = useSignal(id).data;
  const read = useHistory(id, view, width);
  const spans = useSpans(id, view, !props.spans && may("see.alarms"));
  const told = useExpected(id, view, width, expected);
  const now = useEventNow(1000);
  const cursor = useRef(new Cell<{ at: number; byKey: boolean } | null>(null)).current;

  const span = useMemo<Span>(() => {
    if (!follows(view)) return { from: view.from, to: view.to };
    return read.span ?? spanOf(view, now ?? 0);
  }, [view, read.span, now]);
  const digits = digitsOf(signal);
  const unit = written(signal?.unit ?? "");
  const episodes = props.spans ?? spans.data?.items;
  const standsUntil = Math.max(span.to, now ?? 0);
  const shades = useMemo<Shade[]>(
    () =>
      (episodes ?? []).map((one) => ({
        id: one.id,
        severity: one.severity,
        open: !one.cleared,
        span: { from: msOf(one.began), to: one.cleared ? msOf(one.cleared) : standsUntil },
      })),
    [episodes, standsUntil],
  );
  const limits = useMemo(() => limitsOf(signal), [signal]);
  const prediction = useMemo(
    () => (expected ? chosenOf(told.data?.predictions, rule) : null),
    [expected, told.data, rule],
  );

  const onCursor = useCallback(
    (at: number | null, byKey: boolean) => cursor.set(at === null ? null : { at, byKey }),
    [cursor],
  );
  // Asked for at steps of 50 px, so that a scroll bar that comes and goes asks for nothing anew.
  const onWidth = useCallback((px: number) => setWidth(Math.min(4000, Math.max(50, Math.ceil(px / 50) * 50))), []);
  const zoom = (factor: number, about: number | null = null) =>
    onView?.(follows(view) && about === null ? { last: view.last * factor } : zoomed(span, factor, about ?? undefined));

  const shown = (at: number) =>
    format.dateTime(new Date(at), { dateStyle: "medium", timeStyle: "short", timeZone, hourCycle: "h23" });
  const label = t("label", { signal: id, name: signal?.name ?? "", unit, from: shown(span.from), to: shown(span.to) });
  const empty = !read.reading && read.span !== null && read.columns.values.every((value) => value === null);
  return (
    <figure className={styles["chart"]} aria-busy={read.reading}>
      <div className={styles["frame"]} style={{ minHeight: height }}>
        <Suspense
          fallback={
            <div className={styles["waiting"]} style={{ height }} role="status">
              {t("reading")}
            </div>
          }
        >
          <Plot
            label={label}
            columns={read.columns}
            span={span}
            unit={unit}
            digits={digits}
            timeZone={timeZone}
            height={height}
            shades={shades}
            limits={limits}
            moments={moments}
            prediction={prediction}
            sync={sync}
            compact={compact}
            onSpan={onView}
            onZoom={zoom}
            onCursor={onCursor}
            onWidth={onWidth}
            onCanvas={props.onCanvas}
          />
        </Suspense>
        {empty && <p className={styles["note"]}>{t("empty")}</p>}
        {read.span === null && read.reading && <p className={styles["note"]}>{t("reading")}</p>}
      </div>
      <Readout cursor={cursor} columns={read.columns} unit={unit} digits={digits} prediction={prediction} />
      {read.error !== null && <Failed error={read.error} again={read.again} />}
      {expected && told.error !== null && <Failed error={told.error} again={() => void told.refetch()} />}
      {expected && told.data && !told.error && told.data.predictions.length === 0 && (
        <p className={styles["key"]}>
          {t("without")} {told.data.without.map((one) => `${one.detector}: ${one.why}`).join("; ")}
        </p>
      )}
      {!compact && (
        <>
          <div className={styles["tools"]}>
            {onView && (
              <>
                <Button onClick={() => onView(panned(span, -0.5))} aria-label={t("earlier")}>
                  ←
                </Button>
                <Button onClick={() => zoom(0.5)} aria-label={t("closer")}>
                  +
                </Button>
                <Button onClick={() => zoom(2)} aria-label={t("wider")}>
                  −
                </Button>
                <Button onClick={() => onView(panned(span, 0.5))} aria-label={t("later")}>
                  →
                </Button>
              </>
            )}
            <Key shades={shades.length > 0} prediction={prediction} gaps={read.columns.values.includes(null)} />
          </div>
          <ValueTable columns={read.columns} span={span} unit={unit} digits={digits} />
        </>
      )}
    </figure>
  );
}

/** The one that was chosen, else the first that says a value and not a band alone. */
export function chosenOf(all: readonly Prediction[] | undefined, rule: string | undefined): Prediction | null {
  if (!all?.length) return null;
  const chosen = all.find((one) => `${one.detector}/${one.rule}` === rule);
  return chosen ?? all.find((one) => one.expected.some((value) => value !== null)) ?? all[0] ?? null;
}

interface ReadoutProps {
  cursor: Cell<{ at: number; byKey: boolean } | null>;
  columns: Columns;
  unit: string;
  digits: number;
  prediction: Prediction | null;
}

/** What stands at the cursor, or the newest value; read out where the cursor was moved by keys. */
function Readout({ cursor, columns, unit, digits, prediction }: ReadoutProps) {
  const t = useTranslations("charts");
  const format = useFormatter();
  const stands = useCell(cursor);
  const index = nearest(columns, stands?.at ?? Number.POSITIVE_INFINITY);
  const number = (value: number) =>
    `${format.number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`.trimEnd();
  const value = columns.values[index];
  const time = columns.times[index];
  const at = prediction && time !== undefined ? frameAt(prediction, time) : -1;
  const expected = at >= 0 ? prediction?.expected[at] : null;
  const [low, high, score] = [prediction?.low[at], prediction?.high[at], prediction?.score[at]];
  return (
    <figcaption className={styles["readout"]} aria-live={stands?.byKey ? "polite" : "off"}>
      {value === undefined || value === null || time === undefined ? (
        <span>–</span>
      ) : (
        <>
          <span>
            {stands ? "" : `${t("newest")} `}
            <Time at={time} zone />
          </span>
          <strong data-testid="readout-value">{number(value)}</strong>
        </>
      )}
      {typeof expected === "number" && <span>{t("expectedValue", { value: number(expected) })}</span>}
      {typeof low === "number" && typeof high === "number" && (
        <span>{t("band", { low: number(low), high: number(high) })}</span>
      )}
      {typeof score === "number" && (
        <span className={score >= 1 ? styles["beyond"] : undefined}>
          {t(score >= 1 ? "beyond" : "score", { score: format.number(score, { maximumFractionDigits: 2 }) })}
        </span>
      )}
    </figcaption>
  );
}

/** The frame that a moment lies in: the first that ends at or behind it; -1 where none was judged yet. */
function frameAt(prediction: Prediction, at: number): number {
  const { times_ms: ends } = prediction;
  const index = lowerBound(ends, at);
  return index < ends.length ? index : -1;
}

/** What is drawn how, as far as it is drawn. */
function Key({ shades, prediction, gaps }: { shades: boolean; prediction: Prediction | null; gaps: boolean }) {
  const t = useTranslations("charts");
  return (
    <p className={styles["key"]}>
      {shades && (
        <span>
          <svg viewBox="0 0 24 12" aria-hidden="true">
            <path d="M1 0v12M4 12 12 0M10 12 18 0M16 12 24 0" stroke="currentColor" fill="none" />
          </svg>
          {t("keyShade")}
        </span>
      )}
      {prediction && (
        <span>
          <svg viewBox="0 0 24 12" aria-hidden="true">
            <path d="M0 1h24v10H0Z" fill="var(--accent-ground)" stroke="var(--accent)" />
            <path d="M0 6h24" stroke="var(--accent)" strokeDasharray="5 3" />
          </svg>
          {t("keyExpected", { title: prediction.title })}
        </span>
      )}
      {gaps && (
        <span>
          <svg viewBox="0 0 24 12" aria-hidden="true">
            <path d="M0 8h7M17 4h7" stroke="currentColor" strokeWidth="1.5" />
          </svg>
          {t("keyGap")}
        </span>
      )}
    </p>
  );
}
