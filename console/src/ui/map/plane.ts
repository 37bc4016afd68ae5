/** The plan on a plane of metres: whatever the site's coordinates are, x is east and y is north of the plan's middle. */
import type { Feature, FeatureCollection, Geometry, Position } from "geojson";

export type Point = readonly [x: number, y: number];

export interface Place {
  /** `zone/farm`, as the plan names it; `id` without the kind. */
  key: string;
  kind: string;
  id: string;
  name: string;
  type: string;
  zone: string | null;
  population: number | null;
  /** Corners of an area (first ring), points of a line, or one point. */
  shape: "area" | "line" | "point";
  points: readonly Point[];
  /** Where its label belongs. */
  middle: Point;
}

export interface Plane {
  places: readonly Place[];
  byKey: ReadonlyMap<string, Place>;
  /** Of everything that has a place: west, south, east, north. */
  extent: readonly [number, number, number, number];
  /** From the site's own coordinates, as in the plan, to the plane. */
  place: (at: Position) => Point;
}

export type PlanData = FeatureCollection & { crs?: unknown };

const EARTH_M = 6_371_008.8;
const rad = (deg: number) => (deg * Math.PI) / 180;

/** Lay a plan out. Longitude and latitude become metres; other coordinates are metres already.
 *
 * @param diameters of round assets, metres by id: they are drawn in their true size.
 */
export function planeOf(plan: PlanData, diameters: ReadonlyMap<string, number> = new Map()): Plane {
  const all = plan.features.flatMap((one) => positions(one.geometry));
  const box = extentOf(all.map(([x, y]) => [x ?? 0, y ?? 0] as const));
  const middle: Point = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  const [east, north] = plan.crs === "WGS84" ? [rad(1) * EARTH_M * Math.cos(rad(middle[1])), rad(1) * EARTH_M] : [1, 1];
  const place = ([x = 0, y = 0]: Position): Point => [(x - middle[0]) * east, (y - middle[1]) * north];
  const places = plan.features.map((one) => rounded(placeOf(one, place), diameters));
  return {
    places,
    byKey: new Map(places.map((one) => [one.key, one])),
    extent: extentOf(places.flatMap((one) => one.points)),
    place,
  };
}

function rounded(one: Place, diameters: ReadonlyMap<string, number>): Place {
  const diameter = one.kind === "asset" && one.shape === "point" ? diameters.get(one.id) : undefined;
  if (!diameter) return one;
  const [x, y] = one.middle;
  const points = Array.from({ length: 32 }, (_, i): Point => {
    const turn = (i / 32) * 2 * Math.PI;
    return [x + (Math.cos(turn) * diameter) / 2, y + (Math.sin(turn) * diameter) / 2];
  });
  return { ...one, shape: "area", points };
}

function positions(geometry: Geometry): Position[] {
  if (geometry.type === "Point") return [geometry.coordinates];
  if (geometry.type === "LineString") return geometry.coordinates;
  if (geometry.type === "Polygon") return geometry.coordinates[0] ?? [];
  return [];
}

function placeOf(feature: Feature, place: (at: Position) => Point): Place {
  const told = (feature.properties ?? {}) as Record<string, unknown>;
  const text = (name: string) => (typeof told[name] === "string" ? (told[name] as string) : "");
  const points = positions(feature.geometry).map(place);
  const area = feature.geometry.type === "Polygon";
  return {
    key: String(feature.id ?? `${text("kind")}/${text("id")}`),
    kind: text("kind"),
    id: text("id"),
    name: text("name"),
    type: text("type"),
    zone: text("zone") || null,
    population: typeof told["population"] === "number" ? told["population"] : null,
    shape: area ? "area" : feature.geometry.type === "LineString" ? "line" : "point",
    points,
    middle: area ? centroid(points) : (points[Math.floor(points.length / 2)] ?? [0, 0]),
  };
}

/** Centre of gravity of an area; of its corners where it has none. */
export function centroid(ring: readonly Point[]): Point {
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < ring.length; i++) {
    const [ax, ay] = ring[i] as Point;
    const [bx, by] = ring[(i + 1) % ring.length] as Point;
    const cross = ax * by - bx * ay;
    sum += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  if (Math.abs(sum) > 1e-9) return [x / (3 * sum), y / (3 * sum)];
  const n = Math.max(1, ring.length);
  return [ring.reduce((all, one) => all + one[0], 0) / n, ring.reduce((all, one) => all + one[1], 0) / n];
}

export function extentOf(points: readonly Point[]): readonly [number, number, number, number] {
  if (!points.length) return [0, 0, 1, 1];
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    west = Math.min(west, x);
    east = Math.max(east, x);
    south = Math.min(south, y);
    north = Math.max(north, y);
  }
  return [west, south, east, north];
}

/** Whether a point lies downwind of another: within half the sector's angle, by the wind's origin in degrees. */
export function downwind(from: Point, to: Point, windFrom: number, half: number): boolean {
  const bearing = (Math.atan2(to[0] - from[0], to[1] - from[1]) * 180) / Math.PI;
  const apart = Math.abs(((bearing - windFrom - 180 + 540) % 360) - 180) % 360;
  return Math.min(apart, 360 - apart) <= half;
}
