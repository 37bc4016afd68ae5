/** What stands now, kept current by the server's stream: alarms, incidents, health, the pulse, and whether we hear it. */
import { Cell } from "./cell";
import { api, ask } from "./client";
import { clockTold } from "./clock";
import { listen } from "./frames";
import { acted, mergedAlarms, mergedHealth, mergedIncidents } from "./merge";
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

const PAGES = { "/api/v1/alarms": 2500, "/api/v1/incidents": 500 } as const;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
const TOPICS: readonly [topic: string, permission: string][] = [
  ["alarms", "see.alarms"],
  ["acts", "see.alarms"],
  ["incidents", "see.alarms"],
  ["health", "see.health"],
  ["pulse", "see.health"],
  ["decisions", "see.decisions"],
];

let hangUp: (() => void) | null = null;
let position = "";
let wait = FIRST_WAIT_MS;
let timer: ReturnType<typeof setTimeout> | undefined;
let generation = 0;
/** Frames that came while the lists were being read; null when they have been. */
let waiting: Update[] | null = [];
let reading = false;
let outdated = false;

/** Begin to follow; again after signing in. */
export function follow(): void {
  stop();
  position = "";
  waiting = [];
  link.set("connecting");
  connect(generation);
}

/** Stop following. */
export function stop(): void {
  generation++;
  reading = false;
  clearTimeout(timer);
  hangUp?.();
  hangUp = null;
}

/** Read what stands. The stream is heard already, so that nothing falls between the two; newer versions win. */
async function load(mine: number): Promise<void> {
  outdated = reading; // what is being read may lack what a reset has skipped
  if (reading) return;
  reading = true;
  try {
    const [readAlarms, readIncidents, standing] = await Promise.all([
      may("see.alarms") ? every<Alarm>("/api/v1/alarms") : [],
      may("see.alarms") ? every<Incident>("/api/v1/incidents") : [],
      may("see.health") ? ask(api.GET("/api/v1/health")) : null,
    ]);
    if (mine !== generation) return;
    alarms.set(new Map(readAlarms.map((one) => [one.id, one])));
    incidents.set(new Map(readIncidents.map((one) => [one.id, one])));
    if (standing) {
      pulseTold(standing.pulse);
      health.set(new Map(standing.sources.map((one) => [one.source, { ...one, member: "" }])));
    }
    const meanwhile = waiting ?? [];
    waiting = null;
    for (const update of meanwhile) take(update);
    link.set("live");
    epoch.set(epoch.value + 1);
  } catch {
    if (mine === generation) again(mine, () => void load(mine));
  } finally {
    if (mine === generation) reading = false;
  }
  if (outdated && mine === generation) {
    waiting ??= [];
    void load(mine);
  }
}

/** All pages of a list. */
async function every<T>(path: "/api/v1/alarms" | "/api/v1/incidents"): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; sort: "newest"; cursor?: string } = { limit: PAGES[path], sort: "newest" };
    if (cursor) query.cursor = cursor;
    const page = await ask(api.GET(path, { params: { query } }));
    found.push(...(page.items as T[]));
    cursor = page.next ?? null;
  } while (cursor);
  return found;
}

function connect(mine: number): void {
  const query = new URLSearchParams();
  for (const [topic, permission] of TOPICS) if (may(permission)) query.append("topics", topic);
  hangUp?.();
  hangUp = listen(query.toString(), () => position, {
    opened() {
      wait = FIRST_WAIT_MS;
      if (!position) waiting ??= []; // what came between the lists and now is told to nobody who stands nowhere
      if (waiting) void load(mine);
      else link.set("live");
    },
    frame(kind, data, id) {
      position = id || position;
      if (kind === "reset") {
        waiting ??= [];
        void load(mine);
      } else if (kind === "update") {
        const update = JSON.parse(data) as Update;
        if (waiting) waiting.push(update);
        else take(update);
      }
    },
    cut: () => link.set("cut"),
    refused: () => again(mine, () => void refused(mine)),
  });
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
  if (update.acts?.length) alarms.set(acted(alarms.value, update.acts));
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
