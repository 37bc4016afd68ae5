import { describe, expect, it } from "vitest";
import { bundled, moved, placeOf, spanOf, ticksOf, zoneOffset, zoomed } from "./scale";

const whole = { from: 0, to: 1000 * 60_000 };

describe("a stretch of time", () => {
  it("holds all moments with room on both sides, also a single one", () => {
    const span = spanOf([5_000_000, 1_000_000]);
    expect(span.from).toBeLessThan(1_000_000);
    expect(span.to).toBeGreaterThan(5_000_000);
    expect(spanOf([7]).to - spanOf([7]).from).toBe(60_000);
  });

  it("is zoomed about a place that stays where it is, and back to the whole", () => {
    const near = zoomed(whole, whole, 4, 0.25);
    expect(near.to - near.from).toBeCloseTo((whole.to - whole.from) / 4);
    const fixed = whole.from + 0.25 * (whole.to - whole.from);
    expect(placeOf(near, fixed)).toBeCloseTo(0.25);
    expect(zoomed(near, whole, 1 / 100)).toEqual(whole);
    let span = whole;
    for (let i = 0; i < 60; i++) span = zoomed(span, whole, 2);
    expect(span.to - span.from).toBeCloseTo(1000);
  });

  it("is moved no further than the whole goes", () => {
    const near = zoomed(whole, whole, 10);
    expect(moved(near, whole, 100).to).toBeCloseTo(whole.to);
    expect(moved(near, whole, -100).from).toBeCloseTo(whole.from);
    expect(moved(near, whole, 0.5).from - near.from).toBeCloseTo((near.to - near.from) / 2);
  });

  it("has round ticks on the zone's clock, and not too many", () => {
    const hour = 3_600_000;
    const from = Date.UTC(2026, 2, 12, 21, 17);
    const ticks = ticksOf({ from, to: from + 10 * hour }, 6, hour);
    expect(ticks.length).toBeLessThanOrEqual(6);
    for (const tick of ticks) expect((tick + hour) % (3 * hour)).toBe(0);
  });

  it("knows how far a zone is ahead, in summer too", () => {
    expect(zoneOffset("Europe/Rome", Date.UTC(2026, 0, 1))).toBe(3_600_000);
    expect(zoneOffset("Europe/Rome", Date.UTC(2026, 6, 1))).toBe(7_200_000);
    expect(zoneOffset("UTC", 1234)).toBe(0);
  });

  it("bundles what lies too close, and loses nothing of what is shown", () => {
    const span = { from: 0, to: 100 };
    const bundles = bundled([90, 1, 2, 50, 3, 200, -1], (one) => one, span, 0.05);
    expect(bundles).toEqual([[1, 2, 3], [50], [90]]);
  });
});
