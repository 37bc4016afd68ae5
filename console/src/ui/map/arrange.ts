/** What the overlay draws, worked out from plan, marks and view: where each label goes, who stands together. */
import { type Box, placed, type Wanted } from "./labels";
import { downwind, type Place, type Plane, type Point } from "./plane";
import type { Mark } from "./types";
import { type Size, toPixel, type View } from "./view";

/** Marks that lie on one spot of the picture share a symbol; each keeps its own line. */
export interface Cluster {
  key: string;
  at: Point;
  marks: readonly Mark[];
}

export interface Label {
  key: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const RANKS = ["unknown", "info", "low", "medium", "high", "critical"];
const NEAR_PX = 22;
export const LINE_PX = 18;
export const SHOWN = 4;
export const HALF_SECTOR = 22.5;
const PADDING = 10;

export const rankOf = (mark: Mark) => RANKS.indexOf(mark.severity) + (mark.calling ? 0.5 : 0);

/** Where an asset is drawn: its own place, else the middle of its zone, else nowhere. */
export function placeOf(plane: Plane, asset: string, zones: ReadonlyMap<string, string>): Point | null {
  const own = plane.byKey.get(`asset/${asset}`);
  if (own) return own.middle;
  const zone = zones.get(asset);
  return (zone && plane.byKey.get(`zone/${zone}`)?.middle) || null;
}

/** Marks by where they are seen, the worst first; and those without a place. */
export function clustered(
  marks: readonly Mark[],
  place: (asset: string) => Point | null,
  pixel: (at: Point) => Point,
  near = NEAR_PX,
): { clusters: Cluster[]; homeless: Mark[] } {
  const clusters: { key: string; at: Point; marks: Mark[] }[] = [];
  const homeless: Mark[] = [];
  for (const mark of [...marks].sort((a, b) => rankOf(b) - rankOf(a))) {
    const at = place(mark.asset);
    if (!at) {
      homeless.push(mark);
      continue;
    }
    const [x, y] = pixel(at);
    const found = clusters.find((one) => Math.hypot(one.at[0] - x, one.at[1] - y) < near);
    if (found) found.marks.push(mark);
    else clusters.push({ key: mark.asset, at: [x, y], marks: [mark] });
  }
  return { clusters, homeless };
}

export interface Arranged {
  clusters: readonly Cluster[];
  homeless: readonly Mark[];
  labels: ReadonlyMap<string, Label>;
  dots: readonly (Place & { at: Point })[];
  receptors: readonly (Place & { at: Point; under: boolean })[];
  zones: readonly (Place & { at: Point })[];
}

export interface Asked {
  plane: Plane;
  view: View;
  size: Size;
  marks: readonly Mark[];
  zones: ReadonlyMap<string, string>;
  names: boolean;
  /** Texts by key, as drawn. */
  text: (place: Place, under: boolean) => string;
  line: (mark: Mark) => string;
  more: (n: number) => string;
  measure: (text: string, bold: boolean) => number;
  factor: number;
  /** What stands at the corners: no label goes below it. */
  corners: readonly Box[];
  /** Where the wind's sector begins, and where the wind comes from. */
  source: Point | null;
  from: number | null;
}

const DOTS = 1500;

export function arrange(asked: Asked): Arranged {
  const { plane, view, size, measure, factor } = asked;
  const pixel = (at: Point) => toPixel(view, size, at);
  const seen = ([x, y]: Point) => x > -20 && y > -20 && x < size.width + 20 && y < size.height + 20;
  const at = (one: Place) => ({ ...one, at: pixel(one.middle) });
  const { clusters, homeless } = clustered(
    asked.marks,
    (asset) => placeOf(plane, asset, asked.zones),
    pixel,
    NEAR_PX * factor,
  );
  const standing = new Set(asked.marks.map((one) => one.asset));
  const dots = plane.places
    .filter((one) => one.kind === "asset" && !standing.has(one.id) && one.type !== "bund")
    .map(at)
    .filter((one) => seen(one.at))
    .slice(0, DOTS);
  const receptors = plane.places
    .filter((one) => one.kind === "receptor")
    .map(at)
    .filter((one) => seen(one.at))
    .map((one) => ({
      ...one,
      under:
        asked.source !== null && asked.from !== null && downwind(asked.source, one.middle, asked.from, HALF_SECTOR),
    }));
  const zones = plane.places.filter((one) => one.kind === "zone").map(at);

  const height = LINE_PX * factor;
  const wanted: Wanted[] = [];
  for (const one of clusters.filter((cluster) => seen(cluster.at))) {
    const lines = one.marks.slice(0, SHOWN).map(asked.line);
    if (one.marks.length > SHOWN) lines.push(asked.more(one.marks.length - SHOWN));
    wanted.push({
      key: `mark/${one.key}`,
      at: one.at,
      width: Math.max(...lines.map((one) => measure(one, true))) + 2 * PADDING * factor,
      height: lines.length * height + 6 * factor,
      gap: 18 * factor,
      rank: 100 + rankOf(one.marks[0] as Mark),
      must: true,
    });
  }
  for (const one of receptors) {
    const width = measure(asked.text(one, one.under), one.under) + 4;
    wanted.push({
      key: one.key,
      at: one.at,
      width,
      height,
      gap: 11 * factor,
      rank: one.under ? 60 : 50,
      must: one.under && width < size.width * 0.6, // who lives downwind is left out on a phone alone
    });
  }
  for (const one of zones) {
    const width = measure(asked.text(one, false), false) + 4;
    const [west, east] = [Math.min, Math.max].map((of) => of(...one.points.map((point) => pixel(point)[0])));
    if ((east ?? 0) - (west ?? 0) < width * 0.8) continue;
    const top = Math.min(...one.points.map((point) => pixel(point)[1]));
    wanted.push({ key: one.key, at: [one.at[0], top + height * 0.8], width, height, gap: 0, rank: 20, centred: true });
  }
  if (asked.names) {
    for (const one of dots) {
      // A tank's name before those of the switches on it.
      const rank = one.shape === "area" ? 15 : 10;
      wanted.push({ key: one.key, at: one.at, width: measure(one.id, false) + 4, height, gap: 8 * factor, rank });
    }
  }
  const taken = [
    ...asked.corners,
    ...clusters.map((one) => square(one.at, 15 * factor)),
    ...receptors.map((one) => square(one.at, 8 * factor)),
    ...(asked.names ? dots.map((one) => square(one.at, 5)) : []),
  ];
  const found = placed(wanted, size, taken);
  return { clusters, homeless, labels: new Map(found.map((one) => [one.key, one])), dots, receptors, zones };
}

const square = ([x, y]: Point, half: number) => ({ x: x - half, y: y - half, width: 2 * half, height: 2 * half });
