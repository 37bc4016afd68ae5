/** Which incidents are shown, and in what order: what asks for somebody first. */
import type { Incident, Severity } from "../../api/types";

export type Filter = "current" | "mine" | "all";

const RANK: Record<Severity, number> = { critical: 0, high: 1, medium: 2, low: 3, info: 4 };

/** Not closed first, then those that evidence may still join, then the most severe, then the newest. */
export function attention(one: Incident, other: Incident): number {
  return (
    Number(one.handling.state === "closed") - Number(other.handling.state === "closed") ||
    Number(one.state === "closed") - Number(other.state === "closed") ||
    RANK[one.severity] - RANK[other.severity] ||
    other.announced.localeCompare(one.announced) ||
    one.id.localeCompare(other.id)
  );
}

/** The incidents that fit, without those that went into another one, in order of attention. */
export function shownIncidents(all: Iterable<Incident>, filter: Filter, me: string, role: string): Incident[] {
  const mine = new Set([me, `role:${role}`]);
  return [...all]
    .filter((one) => !one.superseded_by)
    .filter((one) => filter === "all" || one.handling.state !== "closed")
    .filter((one) => filter !== "mine" || mine.has(one.handling.owner ?? ""))
    .sort(attention);
}
