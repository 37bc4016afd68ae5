/** How a frame of the stream changes what is known: pure, so that it can be tested without a server. */
import type { Acted, Alarm, Incident, Standing } from "./types";

/** A map with newer versions put in; the same map where nothing is newer. */
export function merged<T>(
  known: ReadonlyMap<string, T>,
  told: readonly T[],
  key: (one: T) => string,
  newer: (one: T, than: T) => boolean,
): ReadonlyMap<string, T> {
  let changed: Map<string, T> | null = null;
  for (const one of told) {
    const name = key(one);
    const before = (changed ?? known).get(name);
    if (before === undefined || newer(one, before)) {
      changed ??= new Map(known);
      changed.set(name, one);
    }
  }
  return changed ?? known;
}

/** An alarm of the same version may still differ in what people have asked for since. */
export const mergedAlarms = (known: ReadonlyMap<string, Alarm>, told: readonly Alarm[]) =>
  merged(
    known,
    told,
    (one) => one.id,
    (one, than) => one.version >= than.version,
  );

/** Alarms with what people did about them: who has them counts at once, the rest is pending until fusion has taken it. */
export function acted(known: ReadonlyMap<string, Alarm>, acts: readonly Acted[]): ReadonlyMap<string, Alarm> {
  let changed: Map<string, Alarm> | null = null;
  for (const { alarms, ...act } of acts) {
    for (const id of alarms) {
      const alarm: Alarm | undefined = (changed ?? known).get(id);
      if (!alarm) continue;
      const assigns = act.action === "assign";
      const told = alarm.pending?.some((one) => one.id === act.id) || shows(alarm, act);
      if (!assigns && told) continue; // the version that we have knows of it
      changed ??= new Map(known);
      changed.set(
        id,
        assigns
          ? { ...alarm, assigned_to: act.to ?? null }
          : {
              ...alarm,
              pending: [...(alarm.pending ?? []), { ...act, alarm: id, together: alarms.length, taken: false }],
            },
      );
    }
  }
  return changed ?? known;
}

/** Whether a version of an alarm knows of an act already.
 *
 * Time alone doesn't tell: a version may bear the end of its frame, and an act within it is still to be taken.
 */
function shows(alarm: Alarm, act: Pick<Acted, "action" | "at">): boolean {
  if (Date.parse(act.at) > Date.parse(alarm.updated)) return false;
  const waits = alarm.state === "unacknowledged" || alarm.state === "returned";
  return !(waits && act.action === "acknowledge");
}

export const mergedIncidents = (known: ReadonlyMap<string, Incident>, told: readonly Incident[]) =>
  merged(
    known,
    told,
    (one) => one.id,
    (one, than) => one.revision >= than.revision,
  );

export const healthKey = (one: { source: string; member?: string }) =>
  one.member ? `${one.source}/${one.member}` : one.source;

export const mergedHealth = (known: ReadonlyMap<string, Standing>, told: readonly Standing[]) =>
  merged(known, told, healthKey, () => true);
