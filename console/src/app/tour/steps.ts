/** The steps of the tour: where each is, what it points at, and when it goes on by itself. Pure: facts in, step out. */

export const STEPS = [
  "welcome",
  "picture",
  "health",
  "attack",
  "alarms",
  "incident",
  "evidence",
  "signal",
  "past",
  "own",
] as const;
export type Step = (typeof STEPS)[number];

/** What the tour knows of the console and the plant. */
export interface Facts {
  /** Path of the page shown. */
  place: string;
  /** The attack's incident, once there is one. */
  incident: string | null;
  /** A signal whose gauge the process contradicts, once that was found. */
  signal: string | null;
}

interface Way {
  /** The page it is about; null leaves the page. */
  place: (facts: Facts) => string | null;
  /** What it points at: the first of these that is on the page. */
  anchors: readonly string[];
  /** What it waits for, where the plant decides; the tour goes on once it is so. */
  until?: (facts: Facts) => boolean;
  /** What it waits for before it can show what it is about. */
  needs?: (facts: Facts) => boolean;
}

const INSIDE = ["#content"];

export const WAYS: Record<Step, Way> = {
  welcome: { place: () => null, anchors: ["#demonstration"] },
  picture: { place: () => "/", anchors: INSIDE },
  health: { place: () => "/health", anchors: INSIDE },
  attack: { place: () => "/", anchors: INSIDE, until: (facts) => facts.incident !== null },
  alarms: { place: () => "/alarms", anchors: INSIDE },
  incident: {
    place: ({ incident }) => (incident ? `/incidents/${encodeURIComponent(incident)}` : "/incidents"),
    anchors: INSIDE,
    needs: (facts) => facts.incident !== null,
  },
  evidence: { place: () => null, anchors: INSIDE, until: (facts) => facts.place.startsWith("/evidence/") },
  signal: {
    place: ({ signal }) => (signal ? `/signals/${encodeURIComponent(signal)}` : "/signals"),
    anchors: INSIDE,
    needs: (facts) => facts.signal !== null,
  },
  past: { place: () => "/", anchors: ["#content [role=slider]", "#content input[type=range]", ...INSIDE] },
  own: { place: () => "/site", anchors: ['nav a[href="/site"]', ...INSIDE] },
};

/** Where the tour stands: `open` shows the step; `closed` can be taken up again. */
export interface Standing {
  step: number;
  state: "open" | "closed" | "done";
}

export const BEGINNING: Standing = { step: 0, state: "open" };

/** A step forward or back; behind the last one the tour is done. */
export function moved(standing: Standing, by: 1 | -1): Standing {
  const step = standing.step + by;
  if (step >= STEPS.length) return { step: STEPS.length - 1, state: "done" };
  return { step: Math.max(0, step), state: "open" };
}

/** The tour after the facts have changed: a step that waited for what is now so is over. */
export function informed(standing: Standing, before: Facts, now: Facts): Standing {
  const until = WAYS[stepOf(standing)].until;
  return standing.state === "open" && until?.(now) && !until(before) ? moved(standing, 1) : standing;
}

export const stepOf = (standing: Standing): Step => STEPS[standing.step] ?? "welcome";

/** Whether the step still waits for the plant. */
export function isWaiting(step: Step, facts: Facts): boolean {
  const { until, needs } = WAYS[step];
  return step !== "evidence" && !(needs ?? until ?? (() => true))(facts);
}

/** What was kept of the tour of this run; another run begins anew, and so does what can't be read. */
export function resumed(text: string | null, run: string): Standing {
  try {
    const told: unknown = JSON.parse(text ?? "");
    if (typeof told === "object" && told !== null && "run" in told && told.run === run) {
      const { step, state } = told as { step?: unknown; state?: unknown };
      const known = Number.isInteger(step) && typeof step === "number" && step >= 0 && step < STEPS.length;
      if (known && (state === "open" || state === "closed" || state === "done")) return { step, state };
    }
  } catch {
    // nothing was kept
  }
  return BEGINNING;
}

export const written = (standing: Standing, run: string): string => JSON.stringify({ ...standing, run });
