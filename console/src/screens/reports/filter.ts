/** Which reports are listed, as the address says it. Pure. */
import type { Category, PersonReport, ReportCluster } from "../../api/types";

export const STATES = ["all", "new", "answered", "judged"] as const;
export type StateFilter = (typeof STATES)[number];

export interface Filter {
  state: StateFilter;
  /** Empty: any. */
  kind: Category | "";
  /** Id of a cluster; empty: any. */
  cluster: string;
  /** Concerns about insiders instead. */
  insider: boolean;
}

export function filterOf(search: URLSearchParams): Filter {
  return {
    state: STATES.find((one) => one === search.get("state")) ?? "all",
    kind: (search.get("kind") ?? "") as Category | "",
    cluster: search.get("cluster") ?? "",
    insider: search.get("insider") === "1",
  };
}

/** The query of an address, with its question mark; empty where everything is listed. */
export function searchOf(filter: Filter): string {
  const search = new URLSearchParams();
  if (filter.state !== "all") search.set("state", filter.state);
  if (filter.kind) search.set("kind", filter.kind);
  if (filter.cluster) search.set("cluster", filter.cluster);
  if (filter.insider) search.set("insider", "1");
  const text = search.toString();
  return text && `?${text}`;
}

/** How far somebody has got with a report: the last word counts. */
export type ReportState = "new" | "seen" | "answered" | "closed" | "confirmed" | "unfounded";

export function stateOf(report: PersonReport): ReportState {
  if (report.verdict) return report.verdict;
  if ("closed" in report.states) return "closed";
  if (report.answers.length > 0) return "answered";
  return "seen" in report.states ? "seen" : "new";
}

const FITS: Record<StateFilter, (report: PersonReport) => boolean> = {
  all: () => true,
  new: (report) => report.answers.length === 0 && !report.verdict,
  answered: (report) => report.answers.length > 0,
  judged: (report) => report.verdict !== null,
};

export function shownReports(
  all: readonly PersonReport[],
  clusters: readonly ReportCluster[],
  filter: Filter,
): PersonReport[] {
  const cluster = clusters.find((one) => one.id === filter.cluster);
  const inside = filter.cluster && !filter.insider ? new Set(cluster?.numbers) : null;
  return all.filter(
    (one) =>
      FITS[filter.state](one) &&
      (!filter.kind || one.category === filter.kind) &&
      (inside === null || inside.has(one.number)),
  );
}

/** How far each report is believed, by number: the words of the clusters that stand and that it belongs to. */
export function wordsOf(
  clusters: readonly ReportCluster[],
): ReadonlyMap<string, readonly ReportCluster["credibility"][]> {
  const found = new Map<string, ReportCluster["credibility"][]>();
  for (const one of clusters) {
    if (one.cleared) continue;
    for (const number of one.numbers) {
      const words = found.get(number) ?? [];
      if (!words.includes(one.credibility)) found.set(number, [...words, one.credibility]);
    }
  }
  return found;
}
