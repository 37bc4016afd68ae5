/** The plot itself: uPlot, held for as long as the screen is; new data and spans are put into it without redrawing all. */
import { useCallback, useEffect, useLayoutEffect, useRef } from "react";
import uPlot from "uplot";
import { useLocale } from "use-intl";
import "uplot/dist/uPlot.min.css";
import { useCell } from "../../api/cell";
import type { Prediction } from "../../api/types";
import { shownTheme } from "../../app/preferences";
import styles from "./chart.module.css";
import type { Columns } from "./columns";
import {
  colours,
  type Limit,
  type Moment,
  paintLimits,
  paintMoments,
  paintShades,
  type Shade,
  timeLabels,
} from "./paint";
import { panned, type Span } from "./span";

export interface PlotProps {
  /** What is read out for the whole. */
  label: string;
  columns: Columns;
  span: Span;
  unit: string;
  digits: number;
  timeZone: string;
  height: number;
  shades: readonly Shade[];
  limits: readonly Limit[];
  moments: readonly Moment[];
  prediction: Prediction | null;
  /** Charts of one key share their cursor. */
  sync?: string | undefined;
  /** What is left out where there is little room. */
  compact: boolean;
  onSpan?: ((span: Span) => void) | undefined;
  /** Zoomed about a moment; null is the middle, or the newest end. */
  onZoom?: ((factor: number, about: number | null) => void) | undefined;
  /** Where the cursor stands, Unix ms. */
  onCursor: (at: number | null, byKey: boolean) => void;
  onWidth: (px: number) => void;
  /** Gets the canvas, for a picture. */
  onCanvas?: ((canvas: HTMLCanvasElement | null) => void) | undefined;
}

const GUTTER = 60;

/** Columns as uPlot takes them, painted in this order: band, expectation on times of their own, and the line on top. */
function aligned(columns: Columns, prediction: Prediction | null): uPlot.AlignedData {
  const line = [columns.times, columns.values];
  if (!prediction) {
    const none = new Array<null>(columns.times.length).fill(null);
    return [columns.times, none, none, none, columns.values] as unknown as uPlot.AlignedData;
  }
  const told = [prediction.times_ms, prediction.high, prediction.low, prediction.expected];
  return uPlot.join([told, line] as unknown as uPlot.AlignedData[]);
}

export default function Plot(props: PlotProps) {
  const { columns, span, prediction, height, shades, limits, moments, unit, digits, timeZone, sync, compact } = props;
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const newest = useRef(props);
  newest.current = props;
  const theme = useCell(shownTheme);
  const locale = useLocale();

  const spanTo = useCallback((to: Span) => newest.current.onSpan?.(to), []);

  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    void theme;
    const colour = colours(element);
    const labels = timeLabels(locale, timeZone);
    const number = new Intl.NumberFormat(locale, { maximumFractionDigits: Math.max(digits, 1) });
    const exact = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    const font = `12px ${colour("--font")}`;
    const axis: uPlot.Axis = {
      stroke: colour("--ink-soft"),
      grid: { stroke: colour("--line"), width: 0.5 },
      ticks: { stroke: colour("--line"), width: 1, size: 5 },
      font,
    };
    const none = { show: false };
    const chosen = sync ? { sync: { key: sync, setSeries: false } } : {};
    const made = new uPlot(
      {
        width: Math.max(50, element.clientWidth),
        height,
        ms: 1,
        tzDate: (at) => uPlot.tzDate(new Date(at), timeZone),
        legend: none,
        padding: [10, 24, 0, 0],
        cursor: {
          drag: { x: true, y: false, setScale: false, dist: 5 },
          points: { size: 7 },
          y: false,
          ...chosen,
        },
        scales: {
          x: { time: true, auto: false },
          y: { range: (u, low, high) => room(u, low, high, newest.current) },
        },
        axes: [
          { ...axis, values: (_, splits, __, ___, step) => labels(splits, step), size: 40, space: 70 },
          {
            ...axis,
            size: GUTTER,
            values: (_, splits) => splits.map((value) => number.format(value)),
            ...(unit && !compact ? { label: unit, labelSize: 18, labelFont: font } : {}),
          },
        ],
        series: [
          {},
          { stroke: colour("--accent"), width: 0.5, points: none, spanGaps: false },
          { stroke: colour("--accent"), width: 0.5, points: none, spanGaps: false },
          { stroke: colour("--accent"), width: 1.5, dash: [6, 4], points: none, spanGaps: false },
          { stroke: colour("--ink"), width: 1.5, points: { show: sparse }, spanGaps: false },
        ],
        bands: [{ series: [1, 2], fill: colour("--accent-ground") }],
        hooks: {
          drawClear: [(u) => paintShades(u, newest.current.shades, colour)],
          draw: [
            (u) => {
              const text = (limit: Limit) => `${limit.name} ${exact.format(limit.value)} ${unit}`.trimEnd();
              paintLimits(u, newest.current.limits, text, colour);
              paintMoments(u, newest.current.moments, colour);
            },
          ],
          setSelect: [
            (u) => {
              if (u.select.width < 4) return;
              const [from, to] = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              spanTo({ from: Math.round(from), to: Math.round(Math.max(to, from + 1000)) });
            },
          ],
          setCursor: [
            (u) => {
              const left = u.cursor.left ?? -1;
              newest.current.onCursor(left < 0 ? null : u.posToVal(left, "x"), u.cursor.event === undefined);
            },
          ],
        },
      },
      aligned(newest.current.columns, newest.current.prediction),
      element,
    );
    made.setScale("x", { min: newest.current.span.from, max: newest.current.span.to });
    // The canvas says nothing to a screen reader: the label and the table do.
    made.root.setAttribute("aria-hidden", "true");
    chart.current = made;
    newest.current.onCanvas?.(made.ctx.canvas);
    const told = () => newest.current.onWidth(Math.round(made.bbox.width / devicePixelRatio));
    const watch = new ResizeObserver(() => {
      if (element.clientWidth > 0 && Math.abs(element.clientWidth - made.width) >= 1) {
        made.setSize({ width: element.clientWidth, height });
      }
      told();
    });
    watch.observe(element);
    // Ctrl and the wheel zoom about the pointer; the wheel alone scrolls the page.
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const about = made.posToVal(event.clientX - made.over.getBoundingClientRect().left, "x");
      newest.current.onZoom?.(event.deltaY > 0 ? 1.25 : 0.8, about);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      watch.disconnect();
      element.removeEventListener("wheel", wheel);
      newest.current.onCanvas?.(null);
      made.destroy();
      chart.current = null;
    };
  }, [theme, locale, timeZone, digits, unit, height, compact, sync, spanTo]);

  useEffect(() => {
    const made = chart.current;
    if (!made) return;
    made.batch(() => {
      made.setData(aligned(columns, prediction), false);
      made.setScale("x", { min: span.from, max: span.to });
    });
  }, [columns, prediction, span.from, span.to]);

  useEffect(() => {
    void [shades, limits, moments];
    chart.current?.redraw(false);
  }, [shades, limits, moments]);

  const pressed = (event: React.KeyboardEvent) => {
    const made = chart.current;
    if (!made || event.ctrlKey || event.metaKey || event.altKey) return;
    const { span: shown, onZoom } = newest.current;
    switch (event.key) {
      case "+":
      case "=":
        onZoom?.(0.5, cursorAt(made));
        break;
      case "-":
        onZoom?.(2, cursorAt(made));
        break;
      case "ArrowLeft":
      case "ArrowRight": {
        const way = event.key === "ArrowLeft" ? -1 : 1;
        if (event.shiftKey) spanTo(panned(shown, 0.25 * way));
        else step(made, way);
        break;
      }
      case "Home":
        jump(made, 0);
        break;
      case "End":
        jump(made, made.data[0].length - 1);
        break;
      case "Escape":
        moveCursor(made, -10);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      ref={host}
      className={styles["plot"]}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the plot takes keys of its own
      tabIndex={0}
      role="application"
      aria-label={props.label}
      onKeyDown={pressed}
      data-testid="plot"
      data-points={columns.times.length}
      data-from={span.from}
      data-to={span.to}
      style={{ height }}
    />
  );
}

/** Dots where values stand far enough apart to be told from one another. */
function sparse(u: uPlot): boolean {
  return u.data[0].length > 0 && u.bbox.width / devicePixelRatio / u.data[0].length > 8;
}

/** The values with some air; limits come into sight where they are near, and are written at the edge where not. */
function room(u: uPlot, low: number | null, high: number | null, props: PlotProps): uPlot.Range.MinMax {
  void u;
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) {
    const values = props.limits.map((limit) => limit.value);
    return values.length > 1 ? [Math.min(...values), Math.max(...values)] : [0, 1];
  }
  const limits = props.limits.map((limit) => limit.value);
  const reach = limits.length > 1 ? Math.max(...limits) - Math.min(...limits) : 0;
  // Noise of a gauge at rest doesn't fill the chart: it would look like trouble.
  const least = Math.max(10 ** -props.digits * 4, reach / 100);
  const size = Math.max(high - low, least);
  let [from, to] = [low, high];
  for (const { value } of props.limits) {
    if (value > high && value - high < size) to = Math.max(to, value);
    if (value < low && low - value < size) from = Math.min(from, value);
  }
  const air = Math.max(to - from, least) * 0.08;
  const rest = Math.max(least - (to - from), 0) / 2;
  return [from - air - rest, to + air + rest];
}

function cursorAt(u: uPlot): number | null {
  return u.cursor.left !== undefined && u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null;
}

function jump(u: uPlot, index: number): void {
  const at = u.data[0][index];
  if (at === undefined) return;
  const { min, max } = u.scales["x"] ?? {};
  const within = Math.min(max ?? at, Math.max(min ?? at, at));
  moveCursor(u, u.valToPos(within, "x"));
}

/** Also of the charts that share it, which the types of uPlot say nothing of. */
function moveCursor(u: uPlot, left: number): void {
  const set = u.setCursor as (at: { left: number; top: number }, fire: boolean, share: boolean) => void;
  set({ left, top: left < 0 ? left : u.bbox.height / devicePixelRatio / 2 }, true, true);
}

/** One value on, over those that share a pixel. */
function step(u: uPlot, by: 1 | -1): void {
  const times = u.data[0];
  if (!times.length) return;
  const left = u.cursor.left ?? -1;
  if (left < 0) {
    jump(u, by > 0 ? 0 : times.length - 1);
    return;
  }
  let index = u.posToIdx(left) + by;
  while (index > 0 && index < times.length - 1 && Math.abs(u.valToPos(times[index] as number, "x") - left) < 1)
    index += by;
  jump(u, Math.min(times.length - 1, Math.max(0, index)));
}
