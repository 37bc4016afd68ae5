/** What is painted on a chart beside its line: shaded spans, limits, moments. Colour, and hatch or edge, and words. */
import type uPlot from "uplot";
import type { Severity } from "../../api/types";
import type { Span } from "./span";

/** A span to be shaded. */
export interface Shade {
  span: Span;
  severity: Severity;
  /** Whether it stands still: drawn without its end's edge. */
  open: boolean;
  id: string;
}

/** A limit of a signal, in its own unit. */
export interface Limit {
  /** As on the plant's own screens: HH, H, L, LL. */
  name: string;
  value: number;
  trip: boolean;
}

/** A moment to be pointed out. */
export interface Moment {
  at: number;
  label: string;
}

/** Colours of the theme, read anew when it changes. */
export function colours(of: Element): (name: string) => string {
  const style = getComputedStyle(of);
  return (name) => style.getPropertyValue(name).trim() || "#888";
}

const RANKS: readonly Severity[] = ["info", "low", "medium", "high", "critical"];
const HATCH = 6;
const hatches = new Map<string, CanvasPattern>();

/** A hatch of a colour: what is anomalous is seen without colour too. */
function hatch(ctx: CanvasRenderingContext2D, colour: string, scale: number): CanvasPattern | string {
  const key = `${colour} ${scale}`;
  const known = hatches.get(key);
  if (known) return known;
  const tile = document.createElement("canvas");
  tile.width = tile.height = HATCH * scale;
  const pen = tile.getContext("2d");
  if (!pen) return colour;
  pen.strokeStyle = colour;
  pen.lineWidth = scale;
  pen.beginPath();
  for (const at of [-tile.width, 0, tile.width]) {
    pen.moveTo(at, tile.height);
    pen.lineTo(at + tile.width, 0);
  }
  pen.stroke();
  const pattern = ctx.createPattern(tile, "repeat");
  if (pattern) hatches.set(key, pattern);
  return pattern ?? colour;
}

export function paintShades(u: uPlot, shades: readonly Shade[], colour: (name: string) => string): void {
  const { left, top, width, height } = u.bbox;
  const ctx = u.ctx;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  // The worst on top: what is less must not hide it.
  const ordered = shades.toSorted((a, b) => RANKS.indexOf(a.severity) - RANKS.indexOf(b.severity));
  for (const shade of ordered) {
    const from = u.valToPos(shade.span.from, "x", true);
    const to = Math.max(u.valToPos(shade.span.to, "x", true), from + 2);
    if (to < left || from > left + width) continue;
    const ink = colour(`--${shade.severity}`);
    ctx.globalAlpha = 0.7;
    ctx.fillStyle = colour(`--${shade.severity === "info" ? "sunken" : `${shade.severity}-soft`}`);
    ctx.fillRect(from, top, to - from, height);
    ctx.globalAlpha = 0.25;
    ctx.fillStyle = hatch(ctx, ink, devicePixelRatio);
    ctx.fillRect(from, top, to - from, height);
    ctx.globalAlpha = 1;
    ctx.fillStyle = ink;
    const edge = 2 * devicePixelRatio;
    ctx.fillRect(from, top, edge, height);
    if (!shade.open) ctx.fillRect(to - edge / 2, top, edge / 2, height);
    ctx.fillRect(from, top, to - from, edge);
  }
  ctx.restore();
}

export function paintLimits(
  u: uPlot,
  limits: readonly Limit[],
  text: (limit: Limit) => string,
  colour: (name: string) => string,
): void {
  const { left, top, width, height } = u.bbox;
  const scale = devicePixelRatio;
  const ctx = u.ctx;
  ctx.save();
  ctx.font = `${600} ${11 * scale}px ${colour("--font")}`;
  ctx.textAlign = "right";
  let above = 0;
  let below = 0;
  for (const limit of limits) {
    const at = u.valToPos(limit.value, "y", true);
    const label = text(limit);
    ctx.strokeStyle = ctx.fillStyle = colour(limit.trip ? "--ink" : "--ink-soft");
    let y = at;
    if (at < top || at > top + height) {
      // Out of sight: the edge says where it lies.
      y = at < top ? top + (12 + 13 * above++) * scale : top + height - (4 + 13 * below++) * scale;
      ink(ctx, `${at < top ? "↑" : "↓"} ${label}`, left + width - 4 * scale, y, colour("--raised"));
      continue;
    }
    ctx.lineWidth = (limit.trip ? 1.5 : 1) * scale;
    ctx.setLineDash(limit.trip ? [8 * scale, 3 * scale] : [3 * scale, 3 * scale]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    // Alarm limits are written further in, so that those of trips close by stay readable.
    ink(ctx, label, left + width - (limit.trip ? 4 : 120) * scale, y - 3 * scale, colour("--raised"));
  }
  ctx.restore();
}

export function paintMoments(u: uPlot, moments: readonly Moment[], colour: (name: string) => string): void {
  const { left, top, width, height } = u.bbox;
  const scale = devicePixelRatio;
  const ctx = u.ctx;
  ctx.save();
  ctx.font = `${11 * scale}px ${colour("--font")}`;
  ctx.fillStyle = ctx.strokeStyle = colour("--accent");
  for (const moment of moments) {
    const x = u.valToPos(moment.at, "x", true);
    if (x < left || x > left + width) continue;
    ctx.lineWidth = 1.5 * scale;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.textAlign = x > left + width * 0.7 ? "right" : "left";
    ink(ctx, moment.label, x + (ctx.textAlign === "left" ? 4 : -4) * scale, top + 12 * scale, colour("--raised"));
  }
  ctx.restore();
}

/** Text that can be read over a line: with a halo of the ground. */
function ink(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, ground: string): void {
  const stroke = ctx.strokeStyle;
  ctx.setLineDash([]);
  ctx.strokeStyle = ground;
  ctx.lineWidth = 3 * devicePixelRatio;
  ctx.strokeText(text, x, y);
  ctx.fillText(text, x, y);
  ctx.strokeStyle = stroke;
}

/** Labels of the time axis in a zone: hours, with the date where the day changes. */
export function timeLabels(locale: string, timeZone: string): (splits: number[], step: number) => string[] {
  const form = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone, hourCycle: "h23", ...options });
  const [day, minute, second] = [
    form({ day: "numeric", month: "short" }),
    form({ hour: "2-digit", minute: "2-digit" }),
    form({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ];
  return (splits, step) => {
    let before = "";
    return splits.map((at) => {
      const date = day.format(at);
      const fresh = date !== before;
      before = date;
      if (step >= 86_400_000) return date;
      const time = (step < 60_000 ? second : minute).format(at);
      return fresh ? `${time}\n${date}` : time;
    });
  };
}
