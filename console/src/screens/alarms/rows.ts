/** Rows of the list: alarms, or groups of one cause that open and close. Pure. */
import { calls } from "../../api/alarms";
import type { Alarm } from "../../api/types";

export interface GroupRow {
  kind: "group";
  key: string;
  /** The most urgent one, which stands for all. */
  first: Alarm;
  alarms: readonly Alarm[];
  calling: number;
  open: boolean;
}

export interface AlarmRow {
  kind: "alarm";
  key: string;
  alarm: Alarm;
  /** Stands below its group. */
  inner: boolean;
}

export type Row = GroupRow | AlarmRow;

const rowOf = (alarm: Alarm, inner: boolean): AlarmRow => ({ kind: "alarm", key: alarm.id, alarm, inner });

/** Rows of alarms in their order. */
export function plainRows(alarms: readonly Alarm[]): Row[] {
  return alarms.map((alarm) => rowOf(alarm, false));
}

/** Groups in the order of their most urgent alarms; those named open have their alarms below them. */
export function groupedRows(alarms: readonly Alarm[], opened: ReadonlySet<string>): Row[] {
  const groups = new Map<string, Alarm[]>();
  for (const alarm of alarms) {
    const name = alarm.group || alarm.id;
    const held = groups.get(name);
    if (held) held.push(alarm);
    else groups.set(name, [alarm]);
  }
  const rows: Row[] = [];
  for (const [name, held] of groups) {
    const first = held[0] as Alarm;
    if (held.length === 1 && !first.incident) {
      rows.push(rowOf(first, false));
      continue;
    }
    const open = opened.has(name);
    rows.push({ kind: "group", key: `group ${name}`, first, alarms: held, calling: held.filter(calls).length, open });
    if (open) for (const alarm of held) rows.push(rowOf(alarm, true));
  }
  return rows;
}

/** Alarms that a row stands for. */
export function alarmsOf(row: Row | undefined): readonly Alarm[] {
  return row === undefined ? [] : row.kind === "group" ? row.alarms : [row.alarm];
}
