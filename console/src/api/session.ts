/** Who sits here: asked once at the start, and again after signing in. */
import { Cell } from "./cell";
import { asProblem, problemOf } from "./problem";
import type { SessionInfo } from "./types";

export type Permission = string;

export interface Session {
  /** `starting` while the server says that it isn't up yet; `asking` until the server has answered; `ended` where it stopped in the middle of work. */
  state: "asking" | "starting" | "in" | "out" | "ended" | "unreachable";
  info: SessionInfo | null;
}

export const session = new Cell<Session>({ state: "asking", info: null });

/** Ask the server who sits here. */
export async function askSession(): Promise<void> {
  try {
    const response = await fetch("/api/v1/session", { headers: { Accept: "application/json" } });
    const body: unknown = await response.json().catch(() => null);
    if (response.ok) session.set({ state: "in", info: body as SessionInfo });
    else if (response.status === 401) session.set({ state: "out", info: null });
    else throw problemOf(response, body);
  } catch (error) {
    const { status } = asProblem(error);
    if (session.value.state !== "in" && session.value.state !== "ended")
      session.set({ state: status === 503 ? "starting" : "unreachable", info: null });
  }
}

/** The server knows this session no more. */
export function sessionEnded(): void {
  if (session.value.state === "in") session.set({ state: "ended", info: null });
}

/** Whether the one who sits here may do something; screens offer nothing that the API would refuse. */
export function may(permission: Permission): boolean {
  return session.value.info?.permissions.includes(permission) ?? false;
}
