/** Plays the sound of what calls, in one tab of the browser, where the browser allows it. */

import { byUrgency, calls } from "../../api/alarms";
import { Cell } from "../../api/cell";
import { alarms } from "../../api/live";
import { keep, kept } from "../preferences";
import { callingOf, MUTE_MS, type Mute, muteAfter, NOBODY, newlyCalling, PATTERNS } from "./sound";

const CHECK_MS = 1_000;
const LOUDNESS = 0.25;

/** What calls now. */
export const calling = new Cell(NOBODY);
export const mute = new Cell<Mute | null>(readMute());
/** Whether the browser lets us sound: it wants a click or key first. */
export const allowed = new Cell(false);
/** Rounds that were sounded since the page was opened, and of which priority the last one was. */
export const sounded = new Cell<{ rounds: number; priority: number }>({ rounds: 0, priority: 5 });

function readMute(): Mute | null {
  const [until, priority] = (kept("mute") ?? "").split(":").map(Number);
  return until && priority && until > Date.now() ? { until, priority } : null;
}

function setMute(next: Mute | null): void {
  if (next === mute.value) return;
  keep("mute", next ? `${next.until}:${next.priority}` : "");
  mute.set(next);
}

/** Silence what calls now, on this browser. */
export function silence(): void {
  setMute({ until: Date.now() + MUTE_MS, priority: calling.value.priority });
}

export function unmute(): void {
  setMute(null);
}

let context: AudioContext | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let mine = !globalThis.navigator?.locks; // without locks each tab sounds for itself

/** Have the browser let us sound; it does within a click or key alone. */
export async function allow(): Promise<void> {
  if (!globalThis.AudioContext) return;
  context ??= new AudioContext();
  try {
    await context.resume();
  } catch {
    return; // not yet
  }
  const runs = context.state === "running";
  if (runs && !allowed.value && navigator.locks) {
    // One tab sounds for all; only a tab that may sound stands in the line.
    void navigator.locks.request("infrastress-sound", () => {
      mine = true;
      round();
      return new Promise(() => undefined);
    });
  }
  allowed.set(runs);
  if (runs) round();
}

/** Sound once, and again after the pattern's time for as long as something calls. */
function round(): void {
  clearTimeout(timer);
  const { priority } = calling.value;
  const pattern = PATTERNS[priority];
  if (!pattern || mute.value || !allowed.value || !mine || !context) return;
  const { pitch, beeps, long, every } = pattern;
  for (let beep = 0; beep < beeps; beep++) play(context, pitch, context.currentTime + beep * long * 1.6, long);
  sounded.set({ rounds: sounded.value.rounds + 1, priority });
  timer = setTimeout(round, every * 1_000);
}

function play(on: AudioContext, pitch: number, at: number, long: number): void {
  const tone = on.createOscillator();
  const gain = on.createGain();
  tone.frequency.value = pitch;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.01);
  gain.gain.setValueAtTime(LOUDNESS, at + long - 0.02);
  gain.gain.linearRampToValueAtTime(0, at + long);
  tone.connect(gain).connect(on.destination);
  tone.start(at);
  tone.stop(at + long);
}

/** Follow the alarms, for as long as the banner is shown. */
export function attend(): () => void {
  const look = (): void => {
    const before = calling.value;
    const now = callingOf([...alarms.value.values()].filter(calls).sort(byUrgency));
    const fresh = newlyCalling(before, now);
    setMute(muteAfter(mute.value, fresh, Date.now()));
    calling.set(now);
    if (now.priority > 4) clearTimeout(timer);
    else if (fresh.length || now.priority !== before.priority) round();
  };
  const heard = (): void => void allow();
  const muted = mute.follow(round);
  const check = setInterval(() => setMute(muteAfter(mute.value, [], Date.now())), CHECK_MS);
  const shared = (event: StorageEvent): void => {
    if (event.key === "infrastress.mute") mute.set(readMute());
  };
  const left = alarms.follow(look);
  addEventListener("pointerdown", heard);
  addEventListener("keydown", heard);
  addEventListener("storage", shared);
  look();
  if (navigator.userActivation?.hasBeenActive) void allow(); // such as by signing in
  return () => {
    left();
    muted();
    clearInterval(check);
    clearTimeout(timer);
    removeEventListener("pointerdown", heard);
    removeEventListener("keydown", heard);
    removeEventListener("storage", shared);
  };
}
