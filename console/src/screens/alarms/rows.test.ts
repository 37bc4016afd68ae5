import { describe, expect, it } from "vitest";
import { byUrgency, calls, open, waits } from "../../api/alarms";
import { acted } from "../../api/merge";
import type { Alarm } from "../../api/types";
import { allToggled, indexOf, moved, NOTHING, toggled } from "./choice";
import { apiQueryOf, filtered, filterOf, isNarrow, queryOf } from "./filter";
import { alarmsOf, groupedRows, plainRows } from "./rows";

const alarm = (id: string, more: Partial<Alarm> = {}): Alarm => ({
  id,
  state: "unacknowledged",
  severity: "high",
  priority: 2,
  title: `Gas above the low alarm: ${id}`,
  sentence: "12 % LEL seen",
  rule: "gas.low_alarm",
  source_kind: "access",
  assets: ["GD-01"],
  zone: "farm",
  incident: null,
  cleared: false,
  count: 1,
  chattering: false,
  annunciated: true,
  group: "gas.low_alarm@farm",
  assigned_to: null,
  raised: "2026-03-13T02:00:00Z",
  last_raised: "2026-03-13T02:00:00Z",
  realarmed: false,
  updated: "2026-03-13T02:00:01Z",
  version: 1,
  evidence: "e",
  pending: [],
  links: {},
  ...more,
});
const act = { id: "act", by: "ann", at: "2026-03-13T02:01:00Z", until: null, comment: "", to: null };
const ask = (text: string) => filterOf(new URLSearchParams(text));

describe("filters", () => {
  const all = [
    alarm("a"),
    alarm("b", { state: "closed" }),
    alarm("c", { severity: "low", assets: ["P-1"], zone: "pumps" }),
  ];
  const ids = (text: string) => filtered(all, ask(text)).map((one) => one.id);
  it("show what isn't over unless somebody chooses", () => {
    expect(ids("")).toEqual(["a", "c"]);
    expect(ids("state=closed")).toEqual(["b"]);
    expect(ids("state=nonsense")).toEqual(["a", "c"]);
  });
  it("must all fit, and every word of the text must occur", () => {
    expect(ids("severity=low&zone=pumps&asset=P-1&kind=access&q=GAS+p-1")).toEqual(["c"]);
    expect(ids("q=gas+nothing")).toEqual([]);
    expect(ids("severity=low&zone=farm")).toEqual([]);
  });
  it("are the same when read from the address they were written to", () => {
    const filter = ask("state=closed&severity=low&severity=high&kind=reports&zone=a%26b&asset=x&q=y+z");
    expect(ask(queryOf(filter, new URLSearchParams("other=1")).toString())).toEqual(filter);
    expect(queryOf(filter, new URLSearchParams("other=1")).get("other")).toBe("1");
    expect(queryOf(ask(""), new URLSearchParams()).toString()).toBe("");
    expect([isNarrow(ask("")), isNarrow(filter)]).toEqual([false, true]);
    expect(apiQueryOf(filter).getAll("source_kind")).toEqual(["reports"]);
  });
});

describe("rows", () => {
  const all = [
    alarm("a"),
    alarm("b", { group: "inc-1", incident: "inc-1" }),
    alarm("c"),
    alarm("d", { group: "other" }),
  ];
  it("are groups of one cause, in the order of their most urgent alarms", () => {
    const rows = groupedRows(all, new Set());
    expect(rows.map((row) => row.key)).toEqual(["group gas.low_alarm@farm", "group inc-1", "d"]);
    expect(alarmsOf(rows[0]).map((one) => one.id)).toEqual(["a", "c"]);
  });
  it("open where somebody opened them", () => {
    expect(groupedRows(all, new Set(["inc-1"])).map((row) => row.key)).toContain("b");
  });
});

describe("choice", () => {
  const rows = plainRows(["a", "b", "c", "d"].map((id) => alarm(id)));
  it("moves within the list and extends from its anchor, both ways", () => {
    let choice = moved(rows, NOTHING, 1, false);
    choice = moved(rows, choice, 3, true);
    expect([...choice.chosen]).toEqual(["b", "c", "d"]);
    choice = moved(rows, choice, 0, true);
    expect([...choice.chosen]).toEqual(["a", "b"]);
    expect(moved(rows, choice, 99, false).at).toBe("d");
    expect(moved([], NOTHING, 1, false).at).toBe(null);
  });
  it("stays with its row when others come and go", () => {
    const choice = moved(rows, NOTHING, 2, false);
    expect(indexOf(rows.slice(1), choice)).toBe(1);
    expect(indexOf(plainRows([alarm("x"), ...rows.flatMap(alarmsOf)]), choice)).toBe(3);
    expect(indexOf(rows.slice(0, 2), choice)).toBe(1);
    expect(indexOf([], choice)).toBe(-1);
  });
  it("takes a row, a whole group, all, and lets go again", () => {
    const one = toggled(rows, NOTHING, 1);
    expect([...one.chosen]).toEqual(["b"]);
    expect(toggled(rows, one, 1).chosen.size).toBe(0);
    const groups = groupedRows(rows.flatMap(alarmsOf), new Set());
    expect(toggled(groups, NOTHING, 0).chosen.size).toBe(4);
    expect(allToggled(rows, NOTHING).chosen.size).toBe(4);
    expect(allToggled(rows, allToggled(rows, NOTHING)).chosen.size).toBe(0);
  });
});

describe("urgency", () => {
  it("puts what waits first, then priority, severity, and the newest", () => {
    const sorted = [
      alarm("done", { state: "acknowledged", priority: 1 }),
      alarm("low", { priority: 4 }),
      alarm("old", { priority: 1 }),
      alarm("new", { priority: 1, last_raised: "2026-03-13T03:00:00Z" }),
      alarm("worst", { priority: 1, severity: "critical" }),
    ].sort(byUrgency);
    expect(sorted.map((one) => one.id)).toEqual(["worst", "new", "old", "low", "done"]);
  });
  it("counts what was asked for as done", () => {
    const asked = alarm("a", { pending: [{ ...act, action: "acknowledge", alarm: "a", together: 1, taken: false }] });
    expect([waits(asked), calls(asked), calls(alarm("a")), calls(alarm("a", { annunciated: false }))]).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(open("acknowledge", [asked, alarm("b")]).map((one) => one.id)).toEqual(["b"]);
    expect(open("unshelve", [alarm("a"), alarm("b", { state: "shelved" })]).map((one) => one.id)).toEqual(["b"]);
  });
});

describe("acts of others", () => {
  const known = new Map([["a", alarm("a")]]);
  it("are pending until a version that knows of them has come", () => {
    const told = { ...act, action: "acknowledge" as const, alarms: ["a", "gone"] };
    const once = acted(known, [told]);
    expect(once.get("a")?.pending).toHaveLength(1);
    expect(acted(once, [told])).toBe(once);
    const later = new Map([["a", alarm("a", { state: "acknowledged", updated: "2026-03-13T02:02:00Z" })]]);
    expect(acted(later, [told])).toBe(later);
  });
  it("say at once who has an alarm", () => {
    const given = acted(known, [{ ...act, action: "assign", to: "role:security", alarms: ["a"] }]);
    expect([given.get("a")?.assigned_to, given.get("a")?.pending]).toEqual(["role:security", []]);
  });
});
