/** The event clock: what time it is for the plant. It may run faster than the wall's, and it is never `Date.now()`. */
import { useEffect, useState } from "react";
import { Cell } from "./cell";

interface Mark {
  /** Event time, Unix ms. */
  event: number;
  /** When it was told, by the browser's steady clock, ms. */
  steady: number;
  /** Event ms a steady ms. */
  speed: number;
}

const LONGEST_AHEAD_MS = 5_000;
const mark = new Cell<Mark | null>(null);

/** Take the event time of a pulse. */
export function clockTold(event: number, steady = performance.now()): void {
  const last = mark.value;
  if (last && event <= last.event) return;
  const apart = last ? steady - last.steady : 0;
  const measured = last && apart > 200 ? (event - last.event) / apart : (last?.speed ?? 1);
  const speed = last ? 0.7 * last.speed + 0.3 * Math.max(measured, 0) : 1;
  mark.set({ event, steady, speed });
}

/** Event time now, Unix ms; null before the first pulse. It runs on for some seconds behind the last one, then stands. */
export function eventNow(steady = performance.now()): number | null {
  const last = mark.value;
  if (!last) return null;
  return last.event + Math.min(steady - last.steady, LONGEST_AHEAD_MS) * last.speed;
}

/** Event time, drawn again every so many ms. */
export function useEventNow(every = 1000): number | null {
  const [now, setNow] = useState(eventNow);
  useEffect(() => {
    setNow(eventNow());
    const timer = setInterval(() => setNow(eventNow()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
