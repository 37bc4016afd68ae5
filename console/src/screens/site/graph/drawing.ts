/** Where nodes, zones and edges of a drawn graph lie, and where a key leads from a node. */
import type { GraphEdge, GraphNode } from "../types";

export const NODE = { width: 148, height: 48 } as const;

export interface Spot {
  node: GraphNode;
  /** Of its upper left corner. */
  x: number;
  y: number;
}

export interface Box {
  node: GraphNode;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Line {
  edge: GraphEdge;
  points: readonly { x: number; y: number }[];
}

export interface Drawing {
  width: number;
  height: number;
  /** Along which axis edges run. */
  axis: "x" | "y";
  spots: readonly Spot[];
  boxes: readonly Box[];
  lines: readonly Line[];
}

export type Direction = "ArrowRight" | "ArrowLeft" | "ArrowDown" | "ArrowUp";

const FAR = 1e6;
const AHEAD: Record<Direction, [number, number]> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/**
 * The node that an arrow key leads to, or null. Along the axis of the edges it follows them, to the straightest; across
 * it, and where no edge leads on, it goes to the nearest that way.
 */
export function stepFrom(drawing: Drawing, from: string, key: Direction): string | null {
  const places = new Map<string, { x: number; y: number }>();
  for (const one of [...drawing.spots, ...drawing.boxes]) places.set(one.node.key, one);
  const here = places.get(from);
  if (!here) return drawing.spots[0]?.node.key ?? null;
  const [dx, dy] = AHEAD[key];
  const along = drawing.axis === (dx === 0 ? "y" : "x");
  const joined = new Set(
    drawing.lines.flatMap(({ edge }) =>
      edge.source === from ? [edge.target] : edge.target === from ? [edge.source] : [],
    ),
  );
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [name, place] of places) {
    const x = place.x - here.x;
    const y = place.y - here.y;
    const ahead = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    const edge = along && joined.has(name);
    if (name === from || ahead < 1 || (!edge && aside > 2 * ahead)) continue;
    const cost = ahead + 2 * aside + (edge || !along ? 0 : FAR);
    if (cost < least) [best, least] = [name, cost];
  }
  return best;
}

/** A smooth path through points, for an SVG path's `d`. */
export function pathOf(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  const last = rest.at(-1);
  let path = `M${r(first.x)} ${r(first.y)}`;
  rest.forEach((point, index) => {
    const next = rest[index + 1];
    if (point === last || !next) path += ` L${r(point.x)} ${r(point.y)}`;
    else path += ` Q${r(point.x)} ${r(point.y)} ${r((point.x + next.x) / 2)} ${r((point.y + next.y) / 2)}`;
  });
  return path;
}

const r = (value: number) => Math.round(value * 10) / 10;
