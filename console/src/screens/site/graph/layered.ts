/** A directed graph in layers, by dagre. */
import { graphlib, layout } from "@dagrejs/dagre";
import type { Graph } from "../types";
import { type Drawing, NODE } from "./drawing";

export function layered(graph: Graph, direction: "LR" | "TB"): Drawing {
  const drawn = new graphlib.Graph({ multigraph: true });
  drawn.setGraph({ rankdir: direction, nodesep: 14, ranksep: direction === "LR" ? 56 : 48, edgesep: 8 });
  drawn.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) drawn.setNode(node.key, { ...NODE });
  for (const edge of graph.edges) drawn.setEdge(edge.source, edge.target, {}, edge.id);
  layout(drawn);
  const size = drawn.graph() as { width?: number; height?: number };
  return {
    width: size.width ?? 0,
    height: size.height ?? 0,
    axis: direction === "LR" ? "x" : "y",
    boxes: [],
    spots: graph.nodes.map((node) => {
      const at = drawn.node(node.key) as { x: number; y: number };
      return { node, x: at.x - NODE.width / 2, y: at.y - NODE.height / 2 };
    }),
    lines: graph.edges.map((edge) => {
      const told = drawn.edge(edge.source, edge.target, edge.id) as { points?: { x: number; y: number }[] };
      return { edge, points: told.points ?? [] };
    }),
  };
}
