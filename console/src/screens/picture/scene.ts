/** What the picture shows of one moment, now or in the past: pure, so that both look the same. */
import type { Alarm, AlarmState, HealthState, Incident, Past, Severity, Standing } from "../../api/types";
import type { Mark } from "../../ui/map/types";

export interface SceneAlarm {
  id: string;
  title: string;
  sentence: string;
  severity: Severity;
  priority: number;
  state: AlarmState;
  cleared: boolean;
  annunciated: boolean;
  assets: readonly string[];
  zone: string;
  incident: string | null;
  /** Unix ms. */
  raised: number;
  /** Who has it; unknown in the past. */
  holder: string | null;
}

export interface SceneIncident {
  id: string;
  title: string;
  hypothesis: string;
  severity: Severity;
  confidence: number;
  began: number;
  assets: readonly string[];
  holder: string | null;
}

export interface SceneSource {
  source: string;
  state: HealthState;
  detail: string;
  /** Unix ms; null where nobody knows. */
  since: number | null;
}

export interface Scene {
  /** Open alarms, the most urgent first. */
  alarms: readonly SceneAlarm[];
  /** Open incidents, the worst first. */
  incidents: readonly SceneIncident[];
  sources: readonly SceneSource[];
  /** Signals that stand otherwise than their source. */
  members: ReadonlyMap<string, HealthState>;
}

const SEVERITIES: readonly Severity[] = ["info", "low", "medium", "high", "critical"];
export const rankOf = (severity: Severity) => SEVERITIES.indexOf(severity);
export const waits = (alarm: Pick<SceneAlarm, "state" | "annunciated">) =>
  alarm.annunciated && (alarm.state === "unacknowledged" || alarm.state === "returned");

const holderOf = (one: object): string | null => {
  const told = (one as { assigned_to?: unknown; owner?: unknown }).assigned_to ?? (one as { owner?: unknown }).owner;
  return typeof told === "string" && told ? told : null;
};

const ranked = (scene: Scene): Scene => ({
  ...scene,
  alarms: [...scene.alarms].sort(
    (a, b) => Number(waits(b)) - Number(waits(a)) || a.priority - b.priority || b.raised - a.raised,
  ),
  incidents: [...scene.incidents].sort(
    (a, b) => rankOf(b.severity) - rankOf(a.severity) || b.confidence - a.confidence || b.began - a.began,
  ),
});

/** What stands now. `fresh` is whether anybody watches: without that nothing is known of any source. */
export function sceneNow(
  alarms: Iterable<Alarm>,
  incidents: Iterable<Incident>,
  health: Iterable<Standing>,
  fresh: boolean,
): Scene {
  const sources: SceneSource[] = [];
  const members = new Map<string, HealthState>();
  for (const one of health) {
    if (one.member) members.set(one.member, fresh ? one.state : "unknown");
    else {
      const since = one.since ? Date.parse(one.since) : null;
      sources.push({ source: one.source, state: fresh ? one.state : "unknown", detail: one.detail ?? "", since });
    }
  }
  const open: SceneAlarm[] = [];
  for (const one of alarms) {
    if (one.state === "closed") continue;
    open.push({ ...one, raised: Date.parse(one.raised), holder: holderOf(one) });
  }
  const running: SceneIncident[] = [];
  for (const one of incidents) {
    if (one.state === "closed" || one.superseded_by) continue;
    const holders = new Set(open.filter((alarm) => alarm.incident === one.id).map((alarm) => alarm.holder));
    holders.delete(null);
    const holder = holderOf(one) ?? ([...holders].join(", ") || null);
    running.push({ ...one, began: Date.parse(one.began), holder });
  }
  return ranked({ alarms: open, incidents: running, sources, members });
}

/** The last of some versions that was known at a moment; `versions` rise in time. */
export function versionAt<T extends { at_ms: number }>(versions: readonly T[], at: number): T | null {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((versions[middle] as T).at_ms <= at) low = middle + 1;
    else high = middle;
  }
  return versions[low - 1] ?? null;
}

/** What was known at a moment of the past. */
export function sceneAt(past: Past, at: number): Scene {
  const away = past.unwatched.some(([begin = "", end = ""]) => Date.parse(begin) <= at && at < Date.parse(end));
  const alarms = past.alarms.flatMap((one): SceneAlarm[] => {
    const version = versionAt(one.versions, at);
    if (!version || version.state === "closed") return [];
    const { id, title, assets, zone } = one;
    const incident = version.incident ?? null;
    return [
      { ...version, id, title, assets, zone, incident, raised: Date.parse(one.raised), holder: null } as SceneAlarm,
    ];
  });
  const incidents = past.incidents.flatMap((one): SceneIncident[] => {
    const version = versionAt(one.versions, at);
    if (!version || version.state === "closed" || version.superseded_by) return [];
    return [{ ...version, id: one.id, began: Date.parse(one.began), holder: null }];
  });
  const sources: SceneSource[] = [];
  const members = new Map<string, HealthState>();
  for (const one of past.health) {
    const version = versionAt(one.versions, at);
    const state = away || !version ? "unknown" : version.state;
    if (!one.member) {
      sources.push({ source: one.source, state, detail: version?.detail ?? "", since: version?.at_ms ?? null });
    } else if (state !== "live") members.set(one.member, state);
  }
  return ranked({ alarms, incidents, sources, members });
}

/** Moments at which something changed, rising: where the slider steps to. */
export function changesOf(past: Past): number[] {
  const begin = Date.parse(past.begin);
  const things: { versions: { at_ms: number }[] }[] = [...past.alarms, ...past.incidents, ...past.health];
  const all = things.flatMap((one) => one.versions.map((version) => version.at_ms));
  return [...new Set(all)].filter((at) => at > begin).sort((a, b) => a - b);
}

export interface AssetSeen {
  severity: Severity;
  calling: boolean;
  count: number;
}

/** What is wrong at each asset. Shelved alarms colour nothing. */
export function abnormal(scene: Scene): Map<string, AssetSeen> {
  const found = new Map<string, AssetSeen>();
  for (const alarm of scene.alarms) {
    if (alarm.state === "shelved") continue;
    for (const asset of alarm.assets) {
      const seen = found.get(asset) ?? { severity: alarm.severity, calling: false, count: 0 };
      if (rankOf(alarm.severity) > rankOf(seen.severity)) seen.severity = alarm.severity;
      seen.calling ||= waits(alarm);
      seen.count++;
      found.set(asset, seen);
    }
  }
  return found;
}

/** Marks for the map. */
export function marksOf(
  seen: ReadonlyMap<string, AssetSeen>,
  zones: ReadonlyMap<string, string>,
  say: (seen: AssetSeen) => { text: string; spoken: string },
): Mark[] {
  // Of equals the one of which most is known to be wrong is named first.
  const worst = [...seen].sort(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1));
  return worst.map(([asset, one]) => ({
    asset,
    zone: zones.get(asset) ?? null,
    severity: one.severity,
    calling: one.calling,
    ...say(one),
  }));
}

export interface SignalOf {
  id: string;
  asset: string;
  source?: string;
  kind: string;
  unit?: string;
  name?: string;
}

const SPEAKS: ReadonlySet<HealthState> = new Set(["live", "delayed"]);

/** Assets of which nothing is known: none of their signals is heard. */
export function unknownAssets(scene: Scene, signals: readonly SignalOf[]): Set<string> {
  const states = new Map(scene.sources.map((one) => [one.source, one.state]));
  const heard = new Map<string, boolean>();
  for (const one of signals) {
    const own = scene.members.get(one.id);
    const state = states.get(one.source ?? "") ?? "unknown";
    const speaks = SPEAKS.has(state) && (own === undefined || SPEAKS.has(own));
    heard.set(one.asset, (heard.get(one.asset) ?? false) || speaks);
  }
  return new Set([...heard].filter(([, speaks]) => !speaks).map(([asset]) => asset));
}
