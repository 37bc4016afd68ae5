/** Values of signals at the moment shown, in the plant's units: live ones are asked for again and again, past ones once. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, ask } from "../../api/client";
import { eventNow } from "../../api/clock";
import { may } from "../../api/session";
import type { History } from "../../api/types";
import type { Span } from "./player";

export interface Value {
  signal: string;
  unit: string;
  /** Newest value at the moment; null where none is young enough to be shown. */
  value: number | null;
  /** When it was told, Unix ms. */
  at: number | null;
  /** The quarter of an hour before, for a small line: [time, value]. */
  trail: readonly (readonly [number, number | null])[];
}

const TRAIL_MS = 15 * 60_000;
const EVERY_MS = 5_000;
const STALE_MS = 10 * 60_000;

/** @param at the moment of the past, within `span`; null: now. */
export function useValues(signals: readonly string[], at: number | null, span: Span): ReadonlyMap<string, Value> {
  const live = at === null;
  const ids = [...signals].sort();
  const { data } = useQuery({
    queryKey: ["values", ids, live ? "live" : [span.from, span.to]],
    enabled: ids.length > 0 && may("see.process"),
    placeholderData: keepPreviousData,
    refetchInterval: live ? EVERY_MS : false,
    staleTime: live ? 0 : Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    queryFn: async () => {
      const now = eventNow() ?? Date.now();
      const [from, to] = live ? [now - TRAIL_MS, now + 1] : [span.from - TRAIL_MS, span.to];
      const query = {
        signal: ids,
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        width: live ? 60 : 1500,
      };
      return (await ask(api.GET("/api/v1/history", { params: { query } }))) as History; // JSON is asked for
    },
  });
  return useMemo(() => {
    const moment = at ?? eventNow() ?? Number.POSITIVE_INFINITY;
    return new Map(
      (data?.series ?? []).map((one) => {
        const end = upTo(one.times_ms, moment);
        const told = lastTold(one.values, end);
        const time = told < 0 ? null : (one.times_ms[told] as number);
        const young = time !== null && moment - time < STALE_MS;
        const begin = upTo(one.times_ms, moment - TRAIL_MS);
        const trail = one.times_ms.slice(begin, end).map((t, i) => [t, one.values[begin + i] ?? null] as const);
        const value = young ? (one.values[told] ?? null) : null;
        return [one.signal, { signal: one.signal, unit: one.unit, value, at: time, trail }];
      }),
    );
  }, [data, at]);
}

/** How many of some rising times aren't later than a moment. */
export function upTo(times: readonly number[], moment: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastTold(values: readonly (number | null)[], end: number): number {
  for (let i = end - 1; i >= 0; i--) if (values[i] !== null && values[i] !== undefined) return i;
  return -1;
}
