import { describe, expect, it } from "vitest";
import type { Asset } from "../../api/types";
import { rowsOf, stepped } from "./tree";

const asset = (id: string, zone: string | null, type = "tank", name = ""): Asset =>
  ({ id, zone, type, name, open_alarms: 0 }) as unknown as Asset;
const ALL = [asset("T-1", "b"), asset("T-2", "a", "pump", "Feed pump"), asset("T-3", null), asset("T-4", "a")];
const NONE = new Set<string>();
const wish = { by: "zone", text: "", alarmedOnly: false } as const;
const drawn = (rows: ReturnType<typeof rowsOf>) =>
  rows.map((one) => (one.kind === "group" ? `${one.id}:${one.size}${one.open ? "" : " closed"}` : one.asset.id));

describe("rowsOf", () => {
  it("puts each asset below its group, groups by name, those of none last", () => {
    expect(drawn(rowsOf(ALL, wish, NONE, NONE, (id) => id))).toEqual(["a:2", "T-2", "T-4", "b:1", "T-1", ":1", "T-3"]);
    expect(drawn(rowsOf(ALL, { ...wish, by: "type" }, NONE, NONE, (id) => id))[0]).toBe("pump:1");
  });

  it("draws nothing below what is closed, but a search opens it", () => {
    const closed = new Set(["a"]);
    expect(drawn(rowsOf(ALL, wish, closed, NONE, (id) => id))).toContain("a:2 closed");
    expect(drawn(rowsOf(ALL, { ...wish, text: "FEED" }, closed, NONE, (id) => id))).toEqual(["a:1", "T-2"]);
  });

  it("counts alarms, and can keep those alone", () => {
    const rows = rowsOf(ALL, { ...wish, alarmedOnly: true }, NONE, new Set(["T-4"]), (id) => id);
    expect(drawn(rows)).toEqual(["a:1", "T-4"]);
    expect(rows[0]).toMatchObject({ alarmed: 1 });
  });
});

describe("stepped", () => {
  const rows = rowsOf(ALL, wish, NONE, NONE, (id) => id);
  it.each([
    [0, "ArrowDown", 1],
    [0, "ArrowUp", 0],
    [6, "ArrowDown", 6],
    [2, "ArrowLeft", 0],
    [0, "ArrowRight", 1],
    [1, "ArrowRight", null],
    [0, "ArrowLeft", null],
    [3, "Home", 0],
    [3, "End", 6],
    [3, "x", null],
  ])("from %i, %s leads to %s", (at, key, to) => expect(stepped(rows, at, key)).toBe(to));
});
