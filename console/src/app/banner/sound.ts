/** When alarms sound: what newly calls, and how long a mute holds. Pure. */
import type { Alarm } from "../../api/types";

/** Muted on this browser until a moment (wall clock, ms), for what was no more urgent than this priority (1 is the highest). */
export interface Mute {
  until: number;
  priority: number;
}

/** A mute ends by itself: a room that was silenced and forgotten is as good as deaf. */
export const MUTE_MS = 10 * 60_000;

export interface Calling {
  /** All that call, the most urgent first. */
  alarms: readonly Alarm[];
  /** Their ids. */
  ids: ReadonlySet<string>;
  /** Highest priority of them; 5 where nothing calls. */
  priority: number;
  counts: Readonly<Record<number, number>>;
}

export const NOBODY: Calling = { alarms: [], ids: new Set(), priority: 5, counts: {} };

/** What calls, of alarms in order of urgency. */
export function callingOf(alarms: readonly Alarm[]): Calling {
  const counts: Record<number, number> = {};
  for (const one of alarms) counts[one.priority] = (counts[one.priority] ?? 0) + 1;
  return {
    alarms,
    ids: new Set(alarms.map((one) => one.id)),
    priority: Math.min(5, ...Object.keys(counts).map(Number)),
    counts,
  };
}

/** Alarms that call now and didn't before: new ones, and those that alarm again after an acknowledgement. */
export function newlyCalling(before: Calling, now: Calling): Alarm[] {
  return now.alarms.filter((one) => !before.ids.has(one.id));
}

/** The mute that holds after a change: it ends with its time, for what is more urgent, and when one alarms again. */
export function muteAfter(mute: Mute | null, fresh: readonly Alarm[], at: number): Mute | null {
  if (!mute || at >= mute.until) return null;
  return fresh.some((one) => one.priority < mute.priority || one.realarmed) ? null : mute;
}

/** Beeps of a priority: pitch in Hz, how many, how long each (s), and how long until the next round (s). */
export const PATTERNS: Readonly<Record<number, { pitch: number; beeps: number; long: number; every: number }>> = {
  1: { pitch: 988, beeps: 5, long: 0.1, every: 2 },
  2: { pitch: 784, beeps: 3, long: 0.15, every: 4 },
  3: { pitch: 587, beeps: 2, long: 0.2, every: 8 },
  4: { pitch: 440, beeps: 1, long: 0.3, every: 20 },
};
