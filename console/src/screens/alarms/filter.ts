/** Filters of the list of alarms: kept in the address, so that a view can be sent to somebody. Pure. */
import type { Alarm, AlarmState, Severity, SourceKind } from "../../api/types";

export const STATES: readonly AlarmState[] = ["unacknowledged", "returned", "acknowledged", "shelved", "closed"];
/** Shown unless somebody chooses: what isn't over. */
export const OPEN: readonly AlarmState[] = ["unacknowledged", "returned", "acknowledged", "shelved"];
export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low", "info"];
export const KINDS: readonly SourceKind[] = ["telemetry", "network", "access", "reports"];

export interface Filter {
  states: readonly AlarmState[];
  severities: readonly Severity[];
  kinds: readonly SourceKind[];
  zone: string;
  asset: string;
  text: string;
}

const among = <T extends string>(values: string[], known: readonly T[]): T[] =>
  known.filter((one) => values.includes(one));

export function filterOf(query: URLSearchParams): Filter {
  const states = among(query.getAll("state"), STATES);
  return {
    states: states.length ? states : OPEN,
    severities: among(query.getAll("severity"), SEVERITIES),
    kinds: among(query.getAll("kind"), KINDS),
    zone: query.get("zone") ?? "",
    asset: query.get("asset") ?? "",
    text: query.get("q") ?? "",
  };
}

const isOpen = (states: readonly AlarmState[]) =>
  states.length === OPEN.length && OPEN.every((one) => states.includes(one));

/** The filter as the address holds it; what isn't a filter stays. */
export function queryOf(filter: Filter, before: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams(before);
  for (const name of ["state", "severity", "kind", "zone", "asset", "q"]) query.delete(name);
  if (!isOpen(filter.states)) for (const one of filter.states) query.append("state", one);
  for (const one of filter.severities) query.append("severity", one);
  for (const one of filter.kinds) query.append("kind", one);
  if (filter.zone) query.set("zone", filter.zone);
  if (filter.asset) query.set("asset", filter.asset);
  if (filter.text) query.set("q", filter.text);
  return query;
}

/** The same filter as the API asks for it, for the table to export. */
export function apiQueryOf(filter: Filter): URLSearchParams {
  const query = new URLSearchParams({ sort: "priority" });
  for (const one of filter.states) query.append("state", one);
  for (const one of filter.severities) query.append("severity", one);
  for (const one of filter.kinds) query.append("source_kind", one);
  if (filter.zone) query.set("zone", filter.zone);
  if (filter.asset) query.set("asset", filter.asset);
  if (filter.text) query.set("q", filter.text);
  return query;
}

/** Whether the filter hides what would be shown by default. */
export function isNarrow(filter: Filter): boolean {
  const { severities, kinds, zone, asset, text } = filter;
  return Boolean(severities.length || kinds.length || zone || asset || text) || !isOpen(filter.states);
}

const texts = new WeakMap<Alarm, string>();

/** What is searched of an alarm, made once for each version. */
function textOf(alarm: Alarm): string {
  let text = texts.get(alarm);
  if (text === undefined) {
    text = [alarm.id, alarm.title, alarm.sentence, alarm.rule, alarm.zone, alarm.assigned_to ?? "", ...alarm.assets]
      .join("\0")
      .toLowerCase();
    texts.set(alarm, text);
  }
  return text;
}

/** Alarms that fit, in the order in which they came. Every word of the text must occur. */
export function filtered(alarms: readonly Alarm[], filter: Filter): Alarm[] {
  const states = new Set(filter.states);
  const severities = filter.severities.length ? new Set(filter.severities) : null;
  const kinds = filter.kinds.length ? new Set(filter.kinds) : null;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return alarms.filter(
    (alarm) =>
      states.has(alarm.state) &&
      (!severities || severities.has(alarm.severity)) &&
      (!kinds || kinds.has(alarm.source_kind)) &&
      (!filter.zone || alarm.zone === filter.zone) &&
      (!filter.asset || alarm.assets.includes(filter.asset)) &&
      (!words.length || words.every((word) => textOf(alarm).includes(word))),
  );
}
