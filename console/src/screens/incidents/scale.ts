/** A stretch of time drawn over a width: moving and zooming it, round ticks, marks that lie too close put together. */

export interface Span {
  /** Unix ms. */
  from: number;
  to: number;
}

const SHORTEST_MS = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STEPS = [
  1_000,
  5_000,
  15_000,
  30_000,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
  7 * 24 * HOUR,
  28 * 24 * HOUR,
];

/** The stretch that holds some moments, with a little room on both sides; a minute where they are one. */
export function spanOf(moments: readonly number[]): Span {
  const from = Math.min(...moments);
  const to = Math.max(...moments);
  const room = Math.max((to - from) * 0.04, MINUTE / 2);
  return { from: from - room, to: to + room };
}

/** Zoom about a share of the width (0 left, 1 right); never beyond the whole, never below a second. */
export function zoomed(span: Span, whole: Span, factor: number, about = 0.5): Span {
  const width = span.to - span.from;
  const wanted = Math.min(Math.max(width / factor, SHORTEST_MS), whole.to - whole.from);
  const fixed = span.from + width * about;
  return within({ from: fixed - wanted * about, to: fixed + wanted * (1 - about) }, whole);
}

/** Move by a share of what is shown, as far as the whole goes. */
export function moved(span: Span, whole: Span, share: number): Span {
  const by = (span.to - span.from) * share;
  return within({ from: span.from + by, to: span.to + by }, whole);
}

function within(span: Span, whole: Span): Span {
  const width = Math.min(span.to - span.from, whole.to - whole.from);
  const from = Math.min(Math.max(span.from, whole.from), whole.to - width);
  return { from, to: from + width };
}

/** Where a moment lies in a stretch: 0 at its beginning, 1 at its end. */
export function placeOf(span: Span, moment: number): number {
  return (moment - span.from) / (span.to - span.from);
}

/** Round moments, at most `most`, on the clock of a zone that is `offset` ms ahead of UTC. */
export function ticksOf(span: Span, most: number, offset = 0): number[] {
  const step = STEPS.find((one) => (span.to - span.from) / one <= most) ?? STEPS[STEPS.length - 1] ?? HOUR;
  const first = Math.ceil((span.from + offset) / step) * step - offset;
  const found: number[] = [];
  for (let at = first; at <= span.to && found.length < 100; at += step) found.push(at);
  return found;
}

/** How far a zone's clock is ahead of UTC at a moment, ms. */
export function zoneOffset(timeZone: string, moment: number): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(moment);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return local - Math.floor(moment / 1000) * 1000;
}

/** Things in order of time, those closer than `apart` (a share of the width) to the first of a bundle put into it. */
export function bundled<T>(items: readonly T[], at: (item: T) => number, span: Span, apart: number): T[][] {
  const bundles: T[][] = [];
  let first = Number.NEGATIVE_INFINITY;
  for (const item of [...items].sort((a, b) => at(a) - at(b))) {
    const place = placeOf(span, at(item));
    if (place < 0 || place > 1) continue;
    const last = bundles[bundles.length - 1];
    if (last && place - first < apart) last.push(item);
    else {
      bundles.push([item]);
      first = place;
    }
  }
  return bundles;
}
