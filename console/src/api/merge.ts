/** How a frame of the stream changes what is known: pure, so that it can be tested without a server. */
import type { Alarm, Incident, Standing } from "./types";

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
