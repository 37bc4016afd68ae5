import { describe, expect, it } from "vitest";
import { acted, merged } from "./merge";
import type { Acted, Alarm } from "./types";

interface One {
  id: string;
  version: number;
}

const put = (known: ReadonlyMap<string, One>, ...told: One[]) =>
  merged(
    known,
    told,
    (one) => one.id,
    (one, than) => one.version >= than.version,
  );

describe("merged", () => {
  it("keeps the map where nothing is newer, so that nothing is drawn again", () => {
    const known = new Map([["a", { id: "a", version: 2 }]]);
    expect(put(known, { id: "a", version: 1 })).toBe(known);
    expect(put(known)).toBe(known);
  });

  it("takes what is newer, and leaves the map it was given alone", () => {
    const known = new Map([["a", { id: "a", version: 2 }]]);
    const now = put(known, { id: "a", version: 3 }, { id: "b", version: 1 }, { id: "b", version: 0 });
    expect(known.get("a")?.version).toBe(2);
    expect(now.get("a")?.version).toBe(3);
    expect(now.get("b")?.version).toBe(1);
  });
});

describe("acted", () => {
  const known = (state: Alarm["state"], updated: string) =>
    new Map([["a", { id: "a", state, updated, version: 1, pending: [] } as unknown as Alarm]]);
  const act = { id: "1", action: "acknowledge", at: "2026-03-13T02:41:05Z", alarms: ["a"] } as unknown as Acted;
  const pending = (alarms: ReadonlyMap<string, Alarm>) => alarms.get("a")?.pending?.length;

  it("is pending on an alarm that still waits, though its version bears the end of the act's frame", () => {
    expect(pending(acted(known("unacknowledged", "2026-03-13T02:42:00Z"), [act]))).toBe(1);
    expect(pending(acted(known("returned", "2026-03-13T02:42:00Z"), [act]))).toBe(1);
    expect(pending(acted(known("unacknowledged", "2026-03-13T02:40:00Z"), [act]))).toBe(1);
  });

  it("is over where the alarm shows it, and counts once", () => {
    expect(pending(acted(known("acknowledged", "2026-03-13T02:42:00Z"), [act]))).toBe(0);
    const once = acted(known("unacknowledged", "2026-03-13T02:42:00Z"), [act]);
    expect(acted(once, [act])).toBe(once);
  });
});
