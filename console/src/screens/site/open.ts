/** Open alarms by asset, from what the stream keeps current. */
import { useMemo } from "react";
import { useCell } from "../../api/cell";
import { alarms } from "../../api/live";
import type { Alarm, Severity } from "../../api/types";

export interface Open {
  count: number;
  worst: Severity;
  /** Whether one of them waits for somebody. */
  calling: boolean;
}

const RANK: Record<Severity, number> = { info: 0, low: 1, medium: 2, high: 3, critical: 4 };

export const worse = (one: Severity, other: Severity): Severity => (RANK[one] >= RANK[other] ? one : other);

export function openByAsset(all: Iterable<Alarm>): Map<string, Open> {
  const found = new Map<string, Open>();
  for (const alarm of all) {
    if (alarm.state === "closed") continue;
    for (const asset of alarm.assets) {
      const known = found.get(asset);
      const calling = alarm.state === "unacknowledged" || (known?.calling ?? false);
      found.set(asset, {
        count: (known?.count ?? 0) + 1,
        worst: known ? worse(known.worst, alarm.severity) : alarm.severity,
        calling,
      });
    }
  }
  return found;
}

export function useOpenByAsset(): Map<string, Open> {
  const all = useCell(alarms);
  return useMemo(() => openByAsset(all.values()), [all]);
}
