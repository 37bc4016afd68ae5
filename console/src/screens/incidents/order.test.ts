import { expect, it } from "vitest";
import type { Incident } from "../../api/types";
import { shownIncidents } from "./order";

type Some = Partial<Omit<Incident, "handling">> & { handling?: Partial<Incident["handling"]> };

const one = (id: string, some: Some = {}): Incident =>
  ({
    id,
    severity: "high",
    state: "open",
    announced: "2026-03-12T00:00:00Z",
    superseded_by: null,
    ...some,
    handling: { state: "new", owner: null, ...some.handling },
  }) as Incident;

const ids = (filter: "current" | "mine" | "all", ...some: Incident[]) =>
  shownIncidents(some, filter, "ada", "operator").map((each) => each.id);

it("puts what asks for somebody first", () => {
  const done = one("done", { severity: "critical", handling: { state: "closed" } });
  const quiet = one("quiet", { severity: "critical", state: "closed" });
  const newer = one("newer", { announced: "2026-03-12T01:00:00Z" });
  const worst = one("worst", { severity: "critical" });
  expect(ids("all", done, quiet, one("older"), newer, worst)).toEqual(["worst", "newer", "older", "quiet", "done"]);
  expect(ids("current", done, quiet)).toEqual(["quiet"]);
});

it("knows mine by name and by role, and leaves out what went into another", () => {
  const gone = one("gone", { superseded_by: "inc-1", handling: { owner: "ada" } });
  const role = one("role", { handling: { owner: "role:operator" } });
  expect(
    ids("mine", gone, role, one("hers", { handling: { owner: "ada" } }), one("his", { handling: { owner: "bo" } })),
  ).toEqual(["hers", "role"]);
});
