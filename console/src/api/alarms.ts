/** What screens ask of alarms: who must be called, what can be done about one, and doing it. */
import { api, ask } from "./client";
import { take } from "./live";
import type { Act, Alarm } from "./types";

export type Action = Act["action"];

/** Whether somebody still has to acknowledge it; what was asked for already counts as done. */
export function waits(alarm: Alarm): boolean {
  return (
    (alarm.state === "unacknowledged" || alarm.state === "returned") &&
    !alarm.pending?.some((act) => act.action === "acknowledge" || act.action === "shelve")
  );
}

/** Whether it calls the operator: with sound and in the banner. Notices are only listed. */
export function calls(alarm: Alarm): boolean {
  return alarm.annunciated && waits(alarm);
}

const STATES: Record<Alarm["state"], number> = {
  unacknowledged: 0,
  returned: 1,
  acknowledged: 2,
  shelved: 3,
  closed: 4,
};
const SEVERITIES: Record<Alarm["severity"], number> = { critical: 0, high: 1, medium: 2, low: 3, info: 4 };

/** The most urgent first: what waits for somebody, then by priority and severity, then the newest. */
export function byUrgency(one: Alarm, other: Alarm): number {
  return (
    Number(!calls(one)) - Number(!calls(other)) ||
    one.priority - other.priority ||
    SEVERITIES[one.severity] - SEVERITIES[other.severity] ||
    STATES[one.state] - STATES[other.state] ||
    compare(other.last_raised ?? other.raised, one.last_raised ?? one.raised) ||
    compare(one.id, other.id)
  );
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Which of some alarms an action would change. */
export function open(action: Action, alarms: readonly Alarm[]): Alarm[] {
  if (action === "acknowledge") return alarms.filter(waits);
  if (action === "shelve") return alarms.filter((one) => one.state !== "shelved" && one.state !== "closed");
  if (action === "unshelve") return alarms.filter((one) => one.state === "shelved");
  return [...alarms];
}

export interface Wish {
  action: Action;
  comment: string;
  until?: string;
  to?: string | null;
}

const MOST = 10_000;

/** Act on alarms, all with one comment; shown at once, before fusion has taken it.
 *
 * @returns how many it changed.
 * @throws ApiProblem
 */
export async function act(wish: Wish, ids: readonly string[]): Promise<number> {
  let done = 0;
  for (let from = 0; from < ids.length; from += MOST) {
    const body = { ...wish, alarms: ids.slice(from, from + MOST) };
    const header = { "idempotency-key": crypto.randomUUID?.() ?? `${performance.now()}-${Math.random()}` };
    const result = await ask(api.POST("/api/v1/alarms/acts", { body, params: { header } }));
    if (result.act) take({ acts: [result.act] });
    done += Object.values(result.outcomes).filter((one) => one === "done").length;
  }
  return done;
}
