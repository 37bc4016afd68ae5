/** One story out of two: what was found, and what people did about it. */
import type { IncidentAct, IncidentDetail, Raw, Severity, SourceKind } from "../../api/types";

export type Lane = SourceKind | "acts";

export const LANES: readonly Lane[] = ["telemetry", "network", "access", "reports", "acts"];

export interface Entry {
  key: string;
  lane: Lane;
  /** Unix ms. */
  at: number;
  /** As told, ISO 8601. */
  iso: string;
  severity: Severity | null;
  text: string;
  assets: readonly string[];
  /** Id of the record: a detection or an act. */
  evidence: string;
  raw: readonly Raw[];
  signals: readonly string[];
}

/** All entries in order of time. */
export function entriesOf(
  incident: Pick<IncidentDetail, "timeline" | "handling">,
  sentence: (act: IncidentAct) => string,
): Entry[] {
  const found: Entry[] = incident.timeline.map((line, index) => ({
    key: `${line.evidence}/${index}`,
    lane: line.source_kind,
    at: Date.parse(line.occurred),
    iso: line.occurred,
    severity: line.severity,
    text: line.text,
    assets: line.assets,
    evidence: line.evidence,
    raw: line.raw ?? [],
    signals: line.signals ?? [],
  }));
  const acts: Entry[] = incident.handling.acts.map((act) => ({
    key: act.id,
    lane: "acts",
    at: Date.parse(act.at),
    iso: act.at,
    severity: null,
    text: sentence(act),
    assets: [],
    evidence: act.id,
    raw: [],
    signals: [],
  }));
  return [...found, ...acts].sort((one, other) => one.at - other.at);
}

const RANK: Record<Severity, number> = { info: 0, low: 1, medium: 2, high: 3, critical: 4 };

/** The most severe of some entries; null where none has a severity. */
export function worstOf(entries: readonly Entry[]): Severity | null {
  let worst: Severity | null = null;
  for (const { severity } of entries) if (severity && (!worst || RANK[severity] > RANK[worst])) worst = severity;
  return worst;
}
