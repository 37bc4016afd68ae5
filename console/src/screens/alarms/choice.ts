/** Which row the keys are at, and which alarms are chosen. Pure; rows are named by key, so that the list may change. */
import { alarmsOf, type Row } from "./rows";

export interface Choice {
  /** Key of the row the keys are at; null before the first. */
  at: string | null;
  /** Where it was when last seen: if the row is gone, the one that took its place is meant. */
  index: number;
  /** Where a range began. */
  anchor: string | null;
  chosen: ReadonlySet<string>;
}

export const NOTHING: Choice = { at: null, index: 0, anchor: null, chosen: new Set() };

/** Where the row is that the keys are at. */
export function indexOf(rows: readonly Row[], choice: Choice): number {
  if (!rows.length) return -1;
  if (rows[choice.index]?.key === choice.at) return choice.index;
  const found = rows.findIndex((row) => row.key === choice.at);
  return found >= 0 ? found : Math.min(choice.index, rows.length - 1);
}

/** Move to a row; with `extend` everything from the anchor to there is chosen. */
export function moved(rows: readonly Row[], choice: Choice, to: number, extend: boolean): Choice {
  const index = Math.max(0, Math.min(to, rows.length - 1));
  const at = rows[index]?.key ?? null;
  if (!extend) return { ...choice, at, index, anchor: at };
  const anchor = choice.anchor ?? rows[indexOf(rows, choice)]?.key ?? at;
  const from = Math.max(
    0,
    rows.findIndex((row) => row.key === anchor),
  );
  const between = rows.slice(Math.min(from, index), Math.max(from, index) + 1);
  return { at, index, anchor, chosen: new Set(between.flatMap((row) => alarmsOf(row).map((alarm) => alarm.id))) };
}

/** Choose or let go what a row stands for. */
export function toggled(rows: readonly Row[], choice: Choice, index: number): Choice {
  const row = rows[index];
  if (!row) return choice;
  const ids = alarmsOf(row).map((alarm) => alarm.id);
  const chosen = new Set(choice.chosen);
  if (ids.every((id) => chosen.has(id))) for (const id of ids) chosen.delete(id);
  else for (const id of ids) chosen.add(id);
  return { at: row.key, index, anchor: row.key, chosen };
}

/** Choose all, or none where all are chosen already. */
export function allToggled(rows: readonly Row[], choice: Choice): Choice {
  const ids = rows.flatMap((row) => alarmsOf(row).map((alarm) => alarm.id));
  const whole = ids.length > 0 && ids.every((id) => choice.chosen.has(id));
  return { ...choice, chosen: whole ? new Set() : new Set(ids) };
}
