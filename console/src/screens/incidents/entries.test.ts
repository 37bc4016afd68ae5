import { expect, it } from "vitest";
import type { IncidentDetail } from "../../api/types";
import { entriesOf, worstOf } from "./entries";

const line = (occurred: string, severity: string) => ({
  occurred,
  severity,
  source_kind: "telemetry",
  evidence: occurred,
  text: "t",
  assets: [],
  links: {},
});

it("tells findings and acts in one order, and how bad the worst is", () => {
  const incident = {
    timeline: [line("2026-03-12T22:00:00.5Z", "low"), line("2026-03-12T23:00:00Z", "high")],
    handling: { acts: [{ id: "act", at: "2026-03-12T22:30:00Z" }] },
  } as unknown as IncidentDetail;
  const entries = entriesOf(incident, (act) => `did ${act.id}`);
  expect(entries.map((one) => [one.lane, one.text])).toEqual([
    ["telemetry", "t"],
    ["acts", "did act"],
    ["telemetry", "t"],
  ]);
  expect(worstOf(entries)).toBe("high");
  expect(worstOf(entries.slice(1, 2))).toBeNull();
});
