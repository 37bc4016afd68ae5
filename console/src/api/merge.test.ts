import { describe, expect, it } from "vitest";
import { merged } from "./merge";

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
