/** Columns of a chart: history of a signal as the API gives it, its tail that grows, and what was expected beside it. */

/** Times in Unix ms, in order; null is a gap: no line is drawn through it. */
export interface Columns {
  times: readonly number[];
  values: readonly (number | null)[];
}

export const NOTHING: Columns = { times: [], values: [] };

/** What the API tells, in order of time. */
export function columnsOf(series: { times_ms: readonly number[]; values: readonly (number | null)[] }): Columns {
  return { times: series.times_ms, values: series.values };
}

/** Where the first time at or behind `at` stands. */
export function lowerBound(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A tail that was asked for from `since` on takes the place of what was known there; what lies before `from` goes. */
export function withTail(known: Columns, tail: Columns, since: number, from: number): Columns {
  const keep = lowerBound(known.times, since);
  // One value before the edge stays, so that the line runs on to it.
  const drop = Math.max(0, lowerBound(known.times, from) - 1);
  const start = lowerBound(tail.times, since);
  if (drop >= keep) return { times: tail.times.slice(start), values: tail.values.slice(start) };
  return {
    times: [...known.times.slice(drop, keep), ...tail.times.slice(start)],
    values: [...known.values.slice(drop, keep), ...tail.values.slice(start)],
  };
}

/** The last time with a value; undefined without any. */
export function lastTime(columns: Columns): number | undefined {
  for (let i = columns.times.length - 1; i >= 0; i--) if (columns.values[i] !== null) return columns.times[i];
  return undefined;
}

/** Index of the value nearest to a moment; -1 without any. */
export function nearest(columns: Columns, at: number): number {
  const behind = lowerBound(columns.times, at);
  let left = behind - 1;
  let right = behind;
  while (left >= 0 && columns.values[left] === null) left--;
  while (right < columns.times.length && columns.values[right] === null) right++;
  if (right >= columns.times.length) return left;
  if (left < 0) return right;
  return at - (columns.times[left] as number) <= (columns.times[right] as number) - at ? left : right;
}

export interface Step {
  from: number;
  to: number;
  low: number | null;
  high: number | null;
  last: number | null;
}

/** Equal steps of a span with lowest, highest and last value, for a table; null where a step holds none. */
export function stepsOf(columns: Columns, from: number, to: number, count: number): Step[] {
  const steps: Step[] = [];
  const length = (to - from) / count;
  let i = lowerBound(columns.times, from);
  for (let n = 0; n < count; n++) {
    const step: Step = { from: from + n * length, to: from + (n + 1) * length, low: null, high: null, last: null };
    while (i < columns.times.length && (columns.times[i] as number) < step.to) {
      const value = columns.values[i++];
      if (value === null || value === undefined) continue;
      step.low = step.low === null ? value : Math.min(step.low, value);
      step.high = step.high === null ? value : Math.max(step.high, value);
      step.last = value;
    }
    steps.push(step);
  }
  return steps;
}
