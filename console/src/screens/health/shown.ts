/** What may be shown of what was told: without the server or a fresh pulse nobody watches, and nothing is known. */
import type { Link } from "../../api/live";
import type { HealthState, PulseState, SourceHealth, Standing } from "../../api/types";

export function watched(pulse: Pick<PulseState, "fresh"> | null, link: Link): boolean {
  return link === "live" && (pulse?.fresh ?? false);
}

/** How something stands, as far as that is known now. */
export function shownState(told: HealthState, isWatched: boolean): HealthState {
  return isWatched ? told : "unknown";
}

const ORDER: readonly HealthState[] = ["down", "stopped", "frozen", "delayed", "unknown", "live"];

/** The worst of several; nothing at all is unknown. */
export function worstOf(states: Iterable<HealthState>): HealthState {
  const found = new Set(states);
  return ORDER.find((one) => found.has(one)) ?? "unknown";
}

/** Sources as they were read, with what the stream has told of them since; the worst first. */
export function freshened(
  sources: readonly SourceHealth[],
  told: ReadonlyMap<string, Standing>,
  isWatched: boolean,
): SourceHealth[] {
  const now = sources.map((one) => {
    const since = told.get(one.source);
    const newer = since && (since.last_seen ?? "") >= (one.last_seen ?? "") ? { ...one, ...plain(since) } : one;
    return { ...newer, state: shownState(newer.told, isWatched) };
  });
  return now.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
}

/** What both forms have. */
function plain(one: Standing): Partial<SourceHealth> {
  const { state, told, since, last_seen, last_good, lag_s, detail } = one;
  return { state, told, since, last_seen, last_good, lag_s, detail } as Partial<SourceHealth>;
}
