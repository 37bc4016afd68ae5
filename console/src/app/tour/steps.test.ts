import { describe, expect, it } from "vitest";
import { BEGINNING, type Facts, informed, isWaiting, moved, resumed, STEPS, stepOf, WAYS, written } from "./steps";

const NOTHING: Facts = { place: "/", incident: null, signal: null };
const at = (name: (typeof STEPS)[number]) => ({ step: STEPS.indexOf(name), state: "open" as const });

describe("the tour", () => {
  it("has ten steps, each with something to point at", () => {
    expect(STEPS).toHaveLength(10);
    for (const step of STEPS) expect(WAYS[step].anchors.length).toBeGreaterThan(0);
  });

  it("goes forward to its end and back to its beginning, not beyond", () => {
    let standing = BEGINNING;
    for (const step of STEPS) {
      expect(stepOf(standing)).toBe(step);
      standing = moved(standing, 1);
    }
    expect(standing.state).toBe("done");
    expect(moved(BEGINNING, -1)).toEqual(BEGINNING);
  });

  it("goes on by itself when the incident comes, and only from the step that waits for it", () => {
    const come = { ...NOTHING, incident: "inc-1" };
    expect(informed(at("attack"), NOTHING, come)).toEqual(at("alarms"));
    expect(informed(at("health"), NOTHING, come)).toEqual(at("health"));
    expect(informed({ ...at("attack"), state: "closed" }, NOTHING, come).state).toBe("closed");
  });

  it("isn't thrown forward by what was so before the step began", () => {
    const come = { ...NOTHING, incident: "inc-1" };
    expect(informed(at("attack"), come, { ...come, place: "/alarms" })).toEqual(at("attack"));
  });

  it("goes on when the raw record is open", () => {
    expect(informed(at("evidence"), NOTHING, { ...NOTHING, place: "/evidence/e1" })).toEqual(at("signal"));
  });

  it("says what it waits for", () => {
    expect(isWaiting("attack", NOTHING)).toBe(true);
    expect(isWaiting("signal", NOTHING)).toBe(true);
    expect(isWaiting("signal", { ...NOTHING, signal: "LT-1" })).toBe(false);
    expect(isWaiting("evidence", NOTHING)).toBe(false);
  });

  it("leads to the incident and the signal themselves", () => {
    expect(WAYS.incident.place({ ...NOTHING, incident: "a/b" })).toBe("/incidents/a%2Fb");
    expect(WAYS.signal.place({ ...NOTHING, signal: "LT-103" })).toBe("/signals/LT-103");
    expect(WAYS.signal.place(NOTHING)).toBe("/signals");
  });

  it("is taken up where it was left in this run, and begins anew in another", () => {
    const left = { step: 4, state: "closed" as const };
    expect(resumed(written(left, "run 1"), "run 1")).toEqual(left);
    expect(resumed(written(left, "run 1"), "run 2")).toEqual(BEGINNING);
    expect(resumed(null, "run 1")).toEqual(BEGINNING);
    expect(resumed('{"run":"run 1","step":99,"state":"open"}', "run 1")).toEqual(BEGINNING);
    expect(resumed("no JSON", "run 1")).toEqual(BEGINNING);
  });
});
