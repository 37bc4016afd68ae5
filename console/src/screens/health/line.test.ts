import { expect, it } from "vitest";
import type { Decision } from "../../api/types";
import { lineOf } from "./line";

const told = (kind: Decision["kind"], what: string, content: object): Decision =>
  ({ id: "x", offset: 1, kind, what, content }) as Decision;
const AT = 1_773_400_000_000_000_000;

it.each([
  [told("decision", "start", { clock: AT }), "start", 1_773_400_000_000, null],
  [told("decision", "thinning", { source: "scada", keep_every: 10 }), "thinning", null, "/health/sources/scada"],
  [told("decision", "thinning", { source: "scada", keep_every: 1 }), "thinningEnds", null, "/health/sources/scada"],
  [told("decision", "site", { at: AT, changed: ["signals"], by: "ada" }), "site", 1_773_400_000_000, "/site/check"],
  [
    told("link", "down", { source: "scada", member: "PLC-1", state: "down", clock: AT }),
    "link",
    1_773_400_000_000,
    "/health/sources/scada",
  ],
  [told("decision", "unheard-of", { a: 1 }), null, null, null],
])("%#: tells what, when and where it belongs", (one, key, at, href) => {
  expect(lineOf(one)).toMatchObject({ key, at, href });
});

it("names who acted on which alarm, and what they said", () => {
  const line = lineOf(
    told("action", "acknowledge", {
      occurred: "2026-03-13T00:00:00.000000000Z",
      body: { alarm: "alm-1", by: "ada", comment: "seen" },
    }),
  );
  expect(line).toMatchObject({
    who: "ada",
    more: "seen",
    href: "/alarms/alm-1",
    at: Date.parse("2026-03-13T00:00:00Z"),
  });
  expect(line.values).toEqual({ action: "acknowledge", alarm: "alm-1" });
});

it("shows what it has no words for as it stands", () => {
  expect(lineOf(told("decision", "unheard-of", { a: 1 })).more).toBe('unheard-of {"a":1}');
});
