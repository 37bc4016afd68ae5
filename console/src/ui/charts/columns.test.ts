import { describe, expect, it } from "vitest";
import { type Columns, lastTime, lowerBound, nearest, stepsOf, withTail } from "./columns";
import { pathOf } from "./sparkline";

const columns = (...pairs: [number, number | null][]): Columns => ({
  times: pairs.map(([time]) => time),
  values: pairs.map(([, value]) => value),
});

describe("withTail", () => {
  const known = columns([0, 1], [10, 2], [20, 3], [30, 4]);

  it("takes the place of what was known from its begin on, and lets go what lies before the edge", () => {
    const grown = withTail(known, columns([20, 3], [30, 9], [40, 5]), 20, 15);
    expect(grown).toEqual(columns([10, 2], [20, 3], [30, 9], [40, 5]));
  });

  it("keeps one value before the edge, so that the line runs on to it", () => {
    expect(withTail(known, columns([40, 5]), 35, 25).times).toEqual([20, 30, 40]);
  });

  it("never grows beyond the span, however long it runs", () => {
    let grown = known;
    for (let now = 40; now < 100_000; now += 10)
      grown = withTail(grown, columns([now - 10, 1], [now, 1]), now - 10, now - 100);
    expect(grown.times.length).toBeLessThanOrEqual(13);
    expect(grown.times.at(-1)).toBe(99_990);
  });

  it("makes up no gap and keeps one that came", () => {
    const gap = withTail(known, columns([30, 4], [60, null], [90, 5]), 30, 0);
    expect(gap.values).toEqual([1, 2, 3, 4, null, 5]);
    expect(lastTime(gap)).toBe(90);
  });

  it("starts anew where everything known is over", () => {
    expect(withTail(known, columns([20, 3], [500, 7]), 20, 450).times).toEqual([20, 500]);
    expect(withTail(known, columns([500, 7]), 0, 450).times).toEqual([500]);
  });
});

describe("nearest", () => {
  const gap = columns([0, 1], [50, null], [100, 2]);
  it("is the value on the nearer side, never a gap", () => {
    expect(nearest(gap, 40)).toBe(0);
    expect(nearest(gap, 60)).toBe(2);
    expect(nearest(gap, Number.POSITIVE_INFINITY)).toBe(2);
    expect(nearest(columns([50, null]), 50)).toBe(-1);
  });
});

it("finds the first time at or behind a moment", () => {
  expect([-1, 0, 1, 20, 21].map((at) => lowerBound([0, 10, 20], at))).toEqual([0, 0, 1, 2, 3]);
});

describe("stepsOf", () => {
  it("keeps a spike of one value and says where none came", () => {
    const steps = stepsOf(columns([0, 1], [1, 99], [2, 1], [30, 5]), 0, 40, 4);
    expect(steps.map((step) => [step.low, step.high, step.last])).toEqual([
      [1, 99, 1],
      [null, null, null],
      [null, null, null],
      [5, 5, 5],
    ]);
  });
});

describe("pathOf", () => {
  it("lifts the pen over a gap", () => {
    expect(pathOf(columns([0, 0], [50, null], [100, 1]), { from: 0, to: 100 })).toBe("M0.0 23.0M100.0 1.0");
  });
  it("is empty without values", () => expect(pathOf(columns([0, null]), { from: 0, to: 1 })).toBe(""));
});
