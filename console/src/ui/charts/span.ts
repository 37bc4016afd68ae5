/** Spans of time that charts show: fixed ones, and those that follow the event clock; zoom, pan, and the address. */

/** Unix ms, `from` before `to`. */
export interface Span {
  from: number;
  to: number;
}

/** What a chart shows: a span, or always the last so many ms. */
export type View = Span | { last: number };

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const PRESETS = [15 * MINUTE, HOUR, 8 * HOUR, 24 * HOUR, 7 * 24 * HOUR] as const;
const SHORTEST = 1_000;
const LONGEST = 366 * 24 * HOUR;

export const follows = (view: View): view is { last: number } => "last" in view;

/** The span that a view shows at an event time. */
export function spanOf(view: View, now: number): Span {
  return follows(view) ? { from: now - view.last, to: now } : view;
}

/** Zoomed about a moment that stays where it is; a factor below 1 shows less. */
export function zoomed(span: Span, factor: number, about = (span.from + span.to) / 2): Span {
  const length = span.to - span.from;
  const wanted = Math.min(LONGEST, Math.max(SHORTEST, length * factor));
  const share = length > 0 ? Math.min(1, Math.max(0, (about - span.from) / length)) : 0.5;
  const from = Math.round(about - share * wanted);
  return { from, to: from + Math.round(wanted) };
}

/** Moved by a share of its length; positive is later. */
export function panned(span: Span, share: number): Span {
  const by = Math.round((span.to - span.from) * share);
  return { from: span.from + by, to: span.to + by };
}

/** A view as the address says it; `fallback` where it says none that can be. */
export function viewOf(query: URLSearchParams, fallback: View = { last: HOUR }): View {
  const [from, to] = [Date.parse(query.get("from") ?? ""), Date.parse(query.get("to") ?? "")];
  if (from < to && to - from <= LONGEST) return { from, to };
  const last = Number(query.get("last"));
  return last > 0 && last * 1000 <= LONGEST ? { last: last * 1000 } : fallback;
}

/** The same for the address: replaces what stood there of a view. */
export function withView(query: URLSearchParams, view: View): URLSearchParams {
  const told = new URLSearchParams(query);
  for (const name of ["from", "to", "last"]) told.delete(name);
  if (follows(view)) told.set("last", String(Math.round(view.last / 1000)));
  else {
    told.set("from", new Date(view.from).toISOString());
    told.set("to", new Date(view.to).toISOString());
  }
  return told;
}
