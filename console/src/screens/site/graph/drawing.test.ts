import { describe, expect, it } from "vitest";
import type { Graph, GraphEdge, GraphNode } from "../types";
import { bandsOf } from "./bands";
import { type Drawing, pathOf, stepFrom } from "./drawing";
import { layered } from "./layered";

const node = (key: string, kind: GraphNode["kind"] = "asset", more: Partial<GraphNode> = {}): GraphNode =>
  ({ key, kind, id: key, name: "", type: kind, group: null, open_alarms: 0, ...more }) as GraphNode;
const edge = (source: string, target: string): GraphEdge =>
  ({ id: `${source}>${target}`, source, target, kind: "flow" }) as GraphEdge;
const graph = (nodes: GraphNode[], edges: GraphEdge[]): Graph =>
  ({ kind: "process", version: "", nodes, edges, total: nodes.length }) as Graph;

const FLOW = graph(
  ["ship", "valve", "tank", "other", "pump"].map((one) => node(one)),
  [edge("ship", "valve"), edge("valve", "tank"), edge("valve", "other"), edge("tank", "pump")],
);

describe("layered", () => {
  const drawing = layered(FLOW, "LR");
  it("lets what follows stand to the right, and nothing on top of anything", () => {
    const x = new Map(drawing.spots.map((one) => [one.node.key, one.x]));
    for (const { edge } of drawing.lines) expect(x.get(edge.target)).toBeGreaterThan(x.get(edge.source) ?? 0);
    expect(new Set(drawing.spots.map((one) => `${one.x} ${one.y}`)).size).toBe(5);
    expect(drawing.lines.every((one) => one.points.length >= 2)).toBe(true);
  });

  it("is walked along edges, there and back", () => {
    expect(stepFrom(drawing, "ship", "ArrowRight")).toBe("valve");
    const after = stepFrom(drawing, "valve", "ArrowRight") ?? "";
    expect(["tank", "other"]).toContain(after);
    expect(stepFrom(drawing, after, "ArrowLeft")).toBe("valve");
    const beside = stepFrom(drawing, after, "ArrowDown") ?? stepFrom(drawing, after, "ArrowUp");
    expect(["tank", "other"]).toContain(beside);
    expect(beside).not.toBe(after);
    expect(stepFrom(drawing, "ship", "ArrowLeft")).toBeNull();
    expect(stepFrom(drawing, "nothing", "ArrowLeft")).toBe("ship");
  });
});

describe("bandsOf", () => {
  const drawing = bandsOf(
    graph(
      [
        node("zone:low", "security_zone", { id: "low", level: 1 }),
        node("zone:high", "security_zone", { id: "high", level: 3 }),
        node("plc", "asset", { group: "low" }),
        node("network:n", "network", { group: "low" }),
        node("stray", "asset"),
      ],
      [edge("zone:high", "zone:low"), edge("plc", "network:n"), edge("stray", "network:n")],
    ),
  );
  const boxOf = (key: string) => drawing.boxes.find((one) => one.node.key === key);

  it("puts the highest level on top and members into their zone", () => {
    const low = boxOf("zone:low");
    const plc = drawing.spots.find((one) => one.node.key === "plc");
    expect(boxOf("zone:high")?.y).toBeLessThan(low?.y ?? 0);
    expect(plc?.y).toBeGreaterThan(low?.y ?? 0);
    expect(plc?.y).toBeLessThan((low?.y ?? 0) + (low?.height ?? 0));
    expect(drawing.spots.find((one) => one.node.key === "stray")?.y).toBeGreaterThan(
      (low?.y ?? 0) + (low?.height ?? 0),
    );
  });

  it("draws conduits, and interfaces only where they leave a zone", () => {
    expect(drawing.lines.map((one) => one.edge.id)).toEqual(["zone:high>zone:low", "stray>network:n"]);
    const line = drawing.lines[0]?.points ?? [];
    expect(line[0]?.y).toBeLessThan(line[1]?.y ?? 0);
  });
});

it("pathOf begins and ends where the points do", () => {
  const drawing: Drawing = layered(FLOW, "TB");
  expect(drawing.height).toBeGreaterThan(0);
  expect(
    pathOf([
      { x: 0, y: 0 },
      { x: 5, y: 5 },
      { x: 10, y: 0 },
    ]),
  ).toBe("M0 0 Q5 5 7.5 2.5 L10 0");
  expect(pathOf([])).toBe("");
});
