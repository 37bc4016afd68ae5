import { describe, expect, it } from "vitest";
import { type Placed, placed, type Wanted } from "./labels";
import { downwind, type PlanData, planeOf } from "./plane";
import { roundLength, toPixel, toPlane, wholeView, zoomed } from "./view";

const SIZE = { width: 800, height: 600 };

describe("planeOf", () => {
  it("lays longitude and latitude out in metres about the plan's middle", () => {
    const plan = {
      type: "FeatureCollection",
      crs: "WGS84",
      features: [
        {
          type: "Feature",
          id: "asset/a",
          properties: { kind: "asset", id: "a" },
          geometry: { type: "Point", coordinates: [10, 60] },
        },
        {
          type: "Feature",
          id: "asset/b",
          properties: { kind: "asset", id: "b" },
          geometry: { type: "Point", coordinates: [10.01, 60.02] },
        },
      ],
    } as PlanData;
    const [west, south, east, north] = planeOf(plan).extent;
    expect(east - west).toBeCloseTo(555.9, 0);
    expect(north - south).toBeCloseTo(2223.9, 0);
    expect(west + east).toBeCloseTo(0, 6);
  });
  it("takes metres as they are, and finds the middle of an area", () => {
    const ring = [
      [0, 0],
      [100, 0],
      [100, 40],
      [0, 40],
      [0, 0],
    ];
    const plan = {
      type: "FeatureCollection",
      crs: "local",
      features: [
        {
          type: "Feature",
          id: "zone/z",
          properties: { kind: "zone", id: "z" },
          geometry: { type: "Polygon", coordinates: [ring] },
        },
      ],
    } as PlanData;
    const plane = planeOf(plan);
    expect(plane.extent).toEqual([-50, -20, 50, 20]);
    expect(plane.byKey.get("zone/z")?.middle[0]).toBeCloseTo(0);
  });
  it("lives with a plan of nothing", () => {
    expect(planeOf({ type: "FeatureCollection", features: [] }).extent).toEqual([0, 0, 1, 1]);
  });
});

describe("view", () => {
  const view = wholeView([-100, -50, 100, 50], SIZE);
  it("goes to pixels and back", () => {
    const [x, y] = toPlane(view, SIZE, toPixel(view, SIZE, [12, -7]));
    expect(x).toBeCloseTo(12);
    expect(y).toBeCloseTo(-7);
    expect(toPixel(view, SIZE, [0, 50])[1]).toBeLessThan(SIZE.height / 2);
  });
  it("keeps what lies below the pointer", () => {
    const before = toPlane(view, SIZE, [100, 500]);
    const after = toPlane(zoomed(view, SIZE, 2, [100, 500], [1e-3, 1e3]), SIZE, [100, 500]);
    expect(after[0]).toBeCloseTo(before[0]);
    expect(after[1]).toBeCloseTo(before[1]);
  });
  it("says round lengths", () => {
    expect(roundLength(0.7, 100)).toBe(50);
    expect(roundLength(2, 110)).toBe(200);
  });
});

describe("placed", () => {
  const overlap = (a: Placed, b: Placed) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  it("never overlaps, and leaves none out that must be seen", () => {
    const wanted: Wanted[] = Array.from({ length: 60 }, (_, i) => ({
      key: `k${i}`,
      at: [400 + (i % 8) * 9, 300 + Math.floor(i / 8) * 7],
      width: 60,
      height: 16,
      gap: 8,
      rank: i < 12 ? 10 : 1,
      must: i < 12,
    }));
    const found = placed(wanted, SIZE);
    for (const a of found) for (const b of found) if (a !== b) expect(overlap(a, b)).toBe(false);
    for (let i = 0; i < 12; i++) expect(found.some((one) => one.key === `k${i}`)).toBe(true);
    expect(found.length).toBeLessThan(60);
  });
});

it("knows what lies downwind of what", () => {
  expect(downwind([0, 0], [100, 0], 270, 20)).toBe(true); // a west wind blows east
  expect(downwind([0, 0], [-100, 0], 270, 20)).toBe(false);
  expect(downwind([0, 0], [1, 100], 180, 20)).toBe(true);
  expect(downwind([0, 0], [0, 100], 0, 20)).toBe(false);
});
