/** Network zones as bands by Purdue level, the highest on top: what lies in a zone stands in its band. */
import type { Graph, GraphNode } from "../types";
import { type Box, type Drawing, type Line, NODE, type Spot } from "./drawing";

const GAP = 14;
const HEAD = 26;
const BETWEEN = 46;
const COLUMNS = 6;

/** A zone's members, networks first. */
function membersOf(graph: Graph): Map<string, GraphNode[]> {
  const found = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    if (node.kind === "security_zone") continue;
    const zone = node.group ?? "";
    const known = found.get(zone);
    if (known) known.push(node);
    else found.set(zone, [node]);
  }
  for (const members of found.values()) {
    members.sort((a, b) => Number(b.kind === "network") - Number(a.kind === "network") || a.id.localeCompare(b.id));
  }
  return found;
}

export function bandsOf(graph: Graph): Drawing {
  const members = membersOf(graph);
  const zones = graph.nodes
    .filter((one) => one.kind === "security_zone")
    .sort((a, b) => (b.level ?? 0) - (a.level ?? 0) || a.id.localeCompare(b.id));
  const levels = [...new Set(zones.map((one) => one.level ?? 0))];
  const spots: Spot[] = [];
  const boxes: Box[] = [];
  let y = 0;
  let width = 0;
  const place = (zone: GraphNode | null, inside: readonly GraphNode[], x: number): Box | null => {
    const columns = Math.max(1, Math.min(COLUMNS, inside.length));
    const rows = Math.ceil(inside.length / columns);
    const across = Math.max(columns * (NODE.width + GAP) + GAP, 220);
    const down = HEAD + Math.max(rows, zone ? 0 : 1) * (NODE.height + GAP) + GAP;
    inside.forEach((node, index) => {
      const column = index % columns;
      const row = Math.floor(index / columns);
      spots.push({ node, x: x + GAP + column * (NODE.width + GAP), y: y + HEAD + row * (NODE.height + GAP) });
    });
    const box = zone ? { node: zone, x, y, width: across, height: down } : null;
    if (box) boxes.push(box);
    width = Math.max(width, x + across);
    return box;
  };
  for (const level of levels) {
    let x = 0;
    let tallest = 0;
    for (const zone of zones.filter((one) => (one.level ?? 0) === level)) {
      const box = place(zone, members.get(zone.id) ?? [], x);
      if (box) {
        x = box.x + box.width + BETWEEN;
        tallest = Math.max(tallest, box.height);
      }
    }
    y += tallest + BETWEEN;
  }
  const homeless = members.get("") ?? [];
  if (homeless.length > 0) {
    place(null, homeless, 0);
    y += HEAD + Math.ceil(homeless.length / COLUMNS) * (NODE.height + GAP);
  }
  return { width, height: y, axis: "y", spots, boxes, lines: conduits(graph, boxes, spots) };
}

/** Conduits between zones; interfaces go without a line where the asset stands in its network's own zone. */
function conduits(graph: Graph, boxes: readonly Box[], spots: readonly Spot[]): Line[] {
  const zones = new Map(boxes.map((one) => [one.node.key, one]));
  const places = new Map(spots.map((one) => [one.node.key, one]));
  return graph.edges.flatMap((edge): Line[] => {
    const from = zones.get(edge.source);
    const to = zones.get(edge.target);
    if (from && to) {
      const below = from.y < to.y;
      const beside = from.y === to.y;
      const middle = Math.max(from.x, to.x) + Math.min(from.x + from.width, to.x + to.width);
      const straight =
        middle / 2 > Math.max(from.x, to.x) && middle / 2 < Math.min(from.x + from.width, to.x + to.width);
      const center = (box: Box) => (straight ? middle / 2 : box.x + box.width / 2);
      if (beside) {
        const right = from.x < to.x;
        const height = Math.min(from.height, to.height) / 2;
        return [
          {
            edge,
            points: [
              { x: right ? from.x + from.width : from.x, y: from.y + height },
              { x: right ? to.x : to.x + to.width, y: to.y + height },
            ],
          },
        ];
      }
      return [
        {
          edge,
          points: [
            { x: center(from), y: below ? from.y + from.height : from.y },
            { x: center(to), y: below ? to.y : to.y + to.height },
          ],
        },
      ];
    }
    const one = places.get(edge.source);
    const other = places.get(edge.target);
    if (!one || !other || one.node.group === other.node.group) return [];
    const middle = { x: NODE.width / 2, y: NODE.height / 2 };
    return [
      {
        edge,
        points: [
          { x: one.x + middle.x, y: one.y + middle.y },
          { x: other.x + middle.x, y: other.y + middle.y },
        ],
      },
    ];
  });
}
