/** What charts ask of the API: history at the width of the plot, its live tail, anomalous spans, what was expected. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, ask } from "../../api/client";
import { eventNow } from "../../api/clock";
import type { History, Signal } from "../../api/types";
import { type Columns, columnsOf, lastTime, NOTHING, withTail } from "./columns";
import { follows, type Span, spanOf, type View } from "./span";

const TAIL_MS = 1_000;
const RESTED_MS = 150;

const iso = (ms: number) => new Date(ms).toISOString();

/** Before the first pulse nobody knows what the last hour is. */
const timeIsKnown = (view: View): boolean => !follows(view) || eventNow() !== null;

export function useSignal(id: string) {
  return useQuery({
    queryKey: ["signal", id],
    queryFn: async () =>
      (await ask(api.GET("/api/v1/signals/{signal}", { params: { path: { signal: id } } }))) as Signal,
    refetchInterval: 5_000,
  });
}

export async function readHistory(signals: readonly string[], span: Span, width: number, signal?: AbortSignal) {
  const query = { signal: [...signals], from: iso(span.from), to: iso(span.to), width };
  // The same path answers in CSV and Arrow as well, which the types can't tell apart by the header.
  const answer: unknown = api.GET("/api/v1/history", { params: { query }, ...(signal ? { signal } : {}) });
  return ask(answer as Promise<{ data?: History; error?: unknown; response: Response }>);
}

export interface Read {
  columns: Columns;
  /** What the columns were asked for; null before the first answer. */
  span: Span | null;
  reading: boolean;
  error: unknown;
  again: () => void;
}

/** History of a signal for a view, at so many px; what follows the clock grows by its tail alone.
 *
 * What was read stays until something newer is there. `tick` is told at each step of the tail, with the span then shown.
 */
export function useHistory(id: string, view: View, width: number): Read {
  const [read, setRead] = useState<Omit<Read, "again">>({ columns: NOTHING, span: null, reading: true, error: null });
  const [attempt, setAttempt] = useState(0);
  const live = follows(view);
  const [from, to] = live ? [0, view.last] : [view.from, view.to];
  const rested = useRef(false);
  const held = useRef<{ columns: Columns; step: number; end: number } | null>(null);

  useEffect(() => {
    if (width < 1) return;
    void attempt;
    const stop = new AbortController();
    held.current = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const now = () => eventNow() ?? 0;
    const shown = () => spanOf(live ? { last: to } : { from, to }, Math.round(now()));

    async function whole(): Promise<void> {
      if (live && !now()) {
        timer = setTimeout(whole, 200); // no pulse was told yet: nobody knows what time it is
        return;
      }
      const span = shown();
      setRead((before) => ({ ...before, reading: true }));
      try {
        const told = await readHistory([id], span, width, stop.signal);
        const columns = told.series[0] ? columnsOf(told.series[0]) : NOTHING;
        held.current = { columns, step: (told.step_s ?? 1) * 1000, end: span.to };
        setRead({ columns, span, reading: false, error: null });
      } catch (error) {
        if (stop.signal.aborted) return;
        setRead((before) => ({ ...before, reading: false, error }));
      }
      if (live && !stop.signal.aborted) timer = setTimeout(tail, TAIL_MS);
    }

    async function tail(): Promise<void> {
      const known = held.current;
      const span = shown();
      if (!known) return whole();
      // Steps lie on a grid of their own length, and the last value known is asked for again: so no gap is made up.
      const since = Math.min(Math.floor(known.end / known.step) * known.step, lastTime(known.columns) ?? known.end);
      try {
        if (span.to > known.end) {
          const pieces = Math.min(4000, Math.max(1, Math.ceil((span.to - since) / known.step)));
          const told = await readHistory([id], { from: since, to: span.to }, pieces, stop.signal);
          const more = told.series[0] ? columnsOf(told.series[0]) : NOTHING;
          const columns = withTail(known.columns, more, since, span.from);
          held.current = { ...known, columns, end: span.to };
          setRead({ columns, span, reading: false, error: null });
        }
      } catch (error) {
        if (!stop.signal.aborted) setRead((before) => ({ ...before, error }));
      }
      if (!stop.signal.aborted) timer = setTimeout(tail, TAIL_MS);
    }

    timer = setTimeout(whole, rested.current ? RESTED_MS : 0);
    rested.current = true;
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [id, live, from, to, width, attempt]);

  return { ...read, again: () => setAttempt((n) => n + 1) };
}

/** Anomalous spans of a signal; asked again as time goes on. */
export function useSpans(id: string, view: View, enabled = true) {
  const live = follows(view);
  return useQuery({
    queryKey: ["spans", id, live ? view.last : view.from, live ? "last" : view.to],
    queryFn: () => {
      const span = spanOf(view, eventNow() ?? 0);
      const query = { from: iso(span.from), to: iso(Math.max(span.to, span.from + 1)), limit: 1000 };
      return ask(api.GET("/api/v1/signals/{signal}/spans", { params: { path: { signal: id }, query } }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: live ? 3_000 : 30_000,
    enabled: enabled && timeIsKnown(view),
  });
}

/** What was expected of a signal; off until asked for. */
export function useExpected(id: string, view: View, width: number, enabled: boolean) {
  const live = follows(view);
  return useQuery({
    queryKey: ["expected", id, live ? view.last : view.from, live ? "last" : view.to, width],
    queryFn: ({ signal }) => {
      const span = spanOf(view, eventNow() ?? 0);
      const query = { from: iso(span.from), to: iso(Math.max(span.to, span.from + 1)), width };
      return ask(api.GET("/api/v1/signals/{signal}/expected", { params: { path: { signal: id }, query }, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: live ? 15_000 : false,
    enabled: enabled && width > 0 && timeIsKnown(view),
    retry: false,
  });
}

/** A number with as many digits as the signal's resolution has. */
export function digitsOf(signal: Pick<Signal, "resolution"> | undefined): number {
  const step = signal?.resolution ?? 0;
  return step > 0 ? Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))) : 3;
}
