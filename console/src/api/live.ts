/** What stands now, kept current by the server's stream: alarms, incidents, health, the pulse, and whether we hear it. */
import { Cell } from "./cell";
import { api, ask } from "./client";
import { clockTold } from "./clock";
import { mergedAlarms, mergedHealth, mergedIncidents } from "./merge";
import { may, session } from "./session";
import type { Alarm, Incident, PulseState, Standing, Update } from "./types";

export type Link = "connecting" | "live" | "cut";

/** Newest version of each alarm, by id. */
export const alarms = new Cell<ReadonlyMap<string, Alarm>>(new Map());
/** Newest revision of each incident, by id, without those that went into another. */
export const incidents = new Cell<ReadonlyMap<string, Incident>>(new Map());
/** How sources (`source`) and members (`source/member`) stand, as far as the stream has told since the page was opened. */
export const health = new Cell<ReadonlyMap<string, Standing>>(new Map());
export const pulse = new Cell<PulseState | null>(null);
export const link = new Cell<Link>("connecting");
/** Set anew whenever everything has been read from the beginning: what a screen fetched before may be old. */
export const epoch = new Cell(0);

type Listener = (update: Update) => void;
const listeners = new Set<Listener>();

/** Be told each frame; for sounds, live tails of charts, and lists that aren't kept here. */
export function onUpdate(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const PAGE = 500;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
const TOPICS: readonly [topic: string, permission: string][] = [
  ["alarms", "see.alarms"],
  ["incidents", "see.alarms"],
  ["health", "see.health"],
  ["pulse", "see.health"],
  ["decisions", "see.decisions"],
];

let source: EventSource | null = null;
let position = "";
let wait = FIRST_WAIT_MS;
let timer: ReturnType<typeof setTimeout> | undefined;
let generation = 0;

/** Begin to follow; again after signing in. */
export function follow(): void {
  stop();
  void load(++generation);
}

/** Stop following. */
export function stop(): void {
  generation++;
  clearTimeout(timer);
  source?.close();
  source = null;
}

async function load(mine: number): Promise<void> {
  link.set("connecting");
  try {
    const from = { position: "" };
    const [readAlarms, readIncidents] = await Promise.all([
      may("see.alarms") ? every<Alarm>("/api/v1/alarms", from) : [],
      may("see.alarms") ? every<Incident>("/api/v1/incidents", from) : [],
    ]);
    const standing = may("see.health") ? await ask(api.GET("/api/v1/health")) : null;
    if (mine !== generation) return;
    position = from.position || standing?.position || "";
    alarms.set(new Map(readAlarms.map((one) => [one.id, one])));
    incidents.set(new Map(readIncidents.map((one) => [one.id, one])));
    if (standing) {
      pulseTold(standing.pulse);
      health.set(new Map(standing.sources.map((one) => [one.source, { ...one, member: "" }])));
    }
    epoch.set(epoch.value + 1);
    connect(mine);
  } catch {
    if (mine === generation) again(mine, () => void load(mine));
  }
}

/** All pages of a list. The first page's position is the earliest: following from there misses nothing. */
async function every<T>(path: "/api/v1/alarms" | "/api/v1/incidents", from: { position: string }): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; sort: "newest"; cursor?: string } = { limit: PAGE, sort: "newest" };
    if (cursor) query.cursor = cursor;
    const page = await ask(api.GET(path, { params: { query } }));
    from.position ||= page.position ?? "";
    found.push(...(page.items as T[]));
    cursor = page.next ?? null;
  } while (cursor);
  return found;
}

function connect(mine: number): void {
  const query = new URLSearchParams();
  for (const [topic, permission] of TOPICS) if (may(permission)) query.append("topics", topic);
  if (position) query.set("after", position);
  const opened = new EventSource(`/api/v1/stream?${query}`);
  source = opened;
  opened.onopen = () => {
    wait = FIRST_WAIT_MS;
    link.set("live");
  };
  opened.addEventListener("start", (event) => {
    position = event.lastEventId || position;
  });
  opened.addEventListener("update", (event) => {
    position = event.lastEventId || position;
    take(JSON.parse(event.data) as Update);
  });
  opened.addEventListener("reset", () => {
    opened.close();
    void load(mine);
  });
  opened.onerror = () => {
    if (mine !== generation) return;
    link.set("cut");
    // The browser tries again by itself, with the last frame's id, unless the server has answered with a refusal.
    if (opened.readyState === EventSource.CLOSED) again(mine, () => void refused(mine));
  };
}

/** The stream was refused: the session may have ended, or the server may not be ready yet. */
async function refused(mine: number): Promise<void> {
  try {
    await ask(api.GET("/api/v1/session")); // a 401 ends the session
  } catch {
    // whether it can't be reached shows when the stream is tried
  }
  if (mine === generation && session.value.state === "in") connect(mine);
}

function again(mine: number, run: () => void): void {
  link.set("cut");
  clearTimeout(timer);
  timer = setTimeout(() => mine === generation && run(), wait);
  wait = Math.min(wait * 2, LONGEST_WAIT_MS);
}

/** Take a frame. Also used by the screens that change something, with what the server answered. */
export function take(update: Partial<Update>): void {
  if (update.alarms?.length) alarms.set(mergedAlarms(alarms.value, update.alarms));
  if (update.incidents?.length) incidents.set(mergedIncidents(incidents.value, update.incidents));
  if (update.health?.length) health.set(mergedHealth(health.value, update.health));
  if (update.pulse) pulseTold(update.pulse);
  for (const tell of [...listeners]) tell(update as Update);
}

function pulseTold(told: PulseState): void {
  pulse.set(told);
  if (told.clock && told.fresh) clockTold(Date.parse(told.clock));
}
