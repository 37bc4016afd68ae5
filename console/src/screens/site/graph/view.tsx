/** A graph drawn as SVG that can be walked by keyboard; abnormal assets stand out by colour, shape and words. */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";
import type { Severity } from "../../../api/types";
import { Button } from "../../../ui/button";
import { useWord } from "../../../ui/word";
import type { Open } from "../open";
import type { GraphNode } from "../types";
import { type Direction, type Drawing, NODE, pathOf, stepFrom } from "./drawing";
import { saveSvg } from "./export";
import styles from "./graph.module.css";

const MARGIN = 16;
const STEP = 1.25;
const SMALLEST = 0.2;
const LARGEST = 3;
const SMALLEST_READ = 0.8;

interface Props {
  drawing: Drawing;
  label: string;
  open: Map<string, Open>;
  name: string;
  hrefOf: (node: GraphNode) => string;
}

export function GraphView({ drawing, label, open, name, hrefOf }: Props) {
  const t = useTranslations("site.graph");
  const [, go] = useLocation();
  const [at, setAt] = useState(drawing.spots[0]?.node.key ?? "");
  const frame = useRef<HTMLElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const width = drawing.width + 2 * MARGIN;
  const height = drawing.height + 2 * MARGIN;
  const [scale, setScale] = useState(1);
  const fitted = () => {
    const across = frame.current?.clientWidth ?? width;
    const down = frame.current?.clientHeight ?? height;
    return Math.min(1, Math.max(SMALLEST, Math.min(across / width, down / height)));
  };
  const worst = worstOf(drawing, open);
  const waiting = useRef<string | null>(null);
  useEffect(() => {
    if (waiting.current) centre(waiting.current); // drawn in its new size by now
    waiting.current = null;
  });
  const moved = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: fitted when another graph is drawn, not at each drawing
  useEffect(() => {
    moved.current = false;
    setScale(Math.max(fitted(), SMALLEST_READ));
  }, [drawing]);
  // It begins at the worst asset, also where alarms come after the graph, until somebody walks.
  useEffect(() => {
    if (moved.current) return;
    const first = worst ?? drawing.spots[0]?.node.key ?? "";
    waiting.current = first;
    setAt(first);
  }, [drawing, worst]);
  const focused = (key: string) => {
    moved.current = true;
    setAt(key);
  };
  const found = (key: string) => svg.current?.querySelector<SVGAElement>(`[data-key="${CSS.escape(key)}"]`);
  /** Scrolled within the frame alone: the page stays where it is. */
  const centre = (key: string) => {
    const box = frame.current?.getBoundingClientRect();
    const place = found(key)?.getBoundingClientRect();
    if (!box || !place) return;
    frame.current?.scrollBy({
      left: place.left + place.width / 2 - box.left - box.width / 2,
      top: place.top + place.height / 2 - box.top - box.height / 2,
    });
  };
  const zoom = (by: number) => setScale((before) => Math.min(LARGEST, Math.max(SMALLEST, before * by)));
  const focus = (key: string) => {
    setAt(key);
    found(key)?.focus({ preventScroll: true });
    centre(key);
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) {
      const to = stepFrom(drawing, at, event.key as Direction);
      if (to) focus(to);
    } else if (event.key === "+") zoom(STEP);
    else if (event.key === "-") zoom(1 / STEP);
    else if (event.key === "0") setScale(fitted());
    else if (event.key === "Enter") open_(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const open_ = (key: string) => {
    const node = [...drawing.spots, ...drawing.boxes].find((one) => one.node.key === key)?.node;
    if (node) go(hrefOf(node));
  };
  const joined = new Set(
    drawing.lines.filter(({ edge }) => edge.source === at || edge.target === at).map((one) => one.edge.id),
  );
  return (
    <div>
      <div className={styles["tools"]}>
        <Button onClick={() => zoom(STEP)} aria-label={t("zoomIn")}>
          +
        </Button>
        <Button onClick={() => zoom(1 / STEP)} aria-label={t("zoomOut")}>
          −
        </Button>
        <Button onClick={() => setScale(fitted())}>{t("fit")}</Button>
        <Button onClick={() => svg.current && saveSvg(svg.current, name)}>{t("export")}</Button>
        <span className={styles["keys"]}>{t("keys")}</span>
      </div>
      <section ref={frame} aria-label={label} className={styles["frame"]}>
        <svg
          ref={svg}
          viewBox={`${-MARGIN} ${-MARGIN} ${width} ${height}`}
          width={width * scale}
          height={height * scale}
          onKeyDown={pressed}
          className={styles["svg"]}
        >
          <title>{label}</title>
          <Arrows />
          {drawing.boxes.map((one) => (
            <ZoneBox key={one.node.key} box={one} here={one.node.key === at} onFocus={focused} />
          ))}
          {drawing.lines.map(({ edge, points }) => (
            <g key={edge.id} className={styles["edge"]} data-kind={edge.kind} data-near={joined.has(edge.id)}>
              <path
                d={pathOf(points)}
                markerEnd={edge.kind === "interface" ? undefined : "url(#arrow)"}
                markerStart={edge.two_way ? "url(#arrow-back)" : undefined}
                strokeDasharray={edge.logic === "any" ? "5 4" : undefined}
              />
              <EdgeText text={textOf(edge.protocols ?? [], edge.buffer_h ?? null)} points={points} />
            </g>
          ))}
          {drawing.spots.map((one) => (
            <Node
              key={one.node.key}
              spot={one}
              href={hrefOf(one.node)}
              here={one.node.key === at}
              open={open.get(one.node.id)}
              onFocus={focused}
              onOpen={open_}
            />
          ))}
        </svg>
      </section>
    </div>
  );
}

const RANK: Record<Severity, number> = { info: 0, low: 1, medium: 2, high: 3, critical: 4 };

/** The asset with the worst alarm in a drawing. */
function worstOf(drawing: Drawing, open: Map<string, Open>): string | null {
  let worst: { key: string; rank: number } | null = null;
  for (const { node } of drawing.spots) {
    const now = node.kind === "asset" ? open.get(node.id) : undefined;
    if (now && RANK[now.worst] > (worst?.rank ?? -1)) worst = { key: node.key, rank: RANK[now.worst] };
  }
  return worst?.key ?? null;
}

function textOf(protocols: readonly string[], buffer: number | null): string {
  if (protocols.length > 0) return protocols.join(", ");
  return buffer ? `${buffer} h` : "";
}

function EdgeText({ text, points }: { text: string; points: readonly { x: number; y: number }[] }) {
  const first = points[0];
  const last = points.at(-1);
  if (!text || !first || !last) return null;
  const middle = points.length > 2 ? points[Math.floor(points.length / 2)] : undefined;
  const x = middle?.x ?? (first.x + last.x) / 2;
  const y = middle?.y ?? (first.y + last.y) / 2;
  return (
    <text x={x + 6} y={y + 4} className={styles["edgeText"]}>
      {text}
    </text>
  );
}

function Arrows() {
  return (
    <defs>
      <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
        <path d="M0 0 8 4 0 8Z" className={styles["tip"]} />
      </marker>
      <marker id="arrow-back" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="7" markerHeight="7" orient="auto">
        <path d="M8 0 0 4 8 8Z" className={styles["tip"]} />
      </marker>
    </defs>
  );
}

interface NodeProps {
  spot: Drawing["spots"][number];
  href: string;
  here: boolean;
  open: Open | undefined;
  onFocus: (key: string) => void;
  onOpen: (key: string) => void;
}

const MARKS: Record<Severity, string> = {
  critical: "M8 1 15 15H1Z",
  high: "M8 .5 15.500 8 8 15.500.500 8Z",
  medium: "M1.500 1.500h13v13h-13Z",
  low: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Z",
  info: "M3 6.500h10v3H3Z",
};

function Node({ spot, href, here, open, onFocus, onOpen }: NodeProps) {
  const t = useTranslations();
  const word = useWord();
  const { node, x, y } = spot;
  const type = word(`site.type.${node.type}`, node.type);
  const told = open
    ? `${t("site.alarms", { n: open.count })}, ${t(`ui.severity.${open.worst}`)}`
    : t("site.alarms", { n: 0 });
  const heard = node.health && node.health !== "live" ? `, ${t(`ui.health.${node.health}`)}` : "";
  return (
    <g transform={`translate(${x} ${y})`}>
      <a
        href={href}
        data-key={node.key}
        tabIndex={here ? 0 : -1}
        aria-label={t("site.graph.label", { name: node.id, type, alarms: told }) + heard}
        className={styles["node"]}
        data-kind={node.kind}
        data-severity={open?.worst}
        data-health={node.health ?? undefined}
        onFocus={() => onFocus(node.key)}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return; // in another tab
          event.preventDefault();
          onOpen(node.key);
        }}
      >
        <title>{[node.name, type].filter(Boolean).join(" · ")}</title>
        <rect width={NODE.width} height={NODE.height} rx={node.kind === "service" ? 20 : 3} />
        <text x={open ? 28 : 10} y={20} className={styles["name"]}>
          {short(node.id, open ? 12 : 15)}
        </text>
        <text x={open ? 28 : 10} y={38} className={styles["type"]}>
          {short(node.kind === "network" || node.kind === "service" ? node.name : type, open ? 15 : 18)}
        </text>
        {open && (
          <g transform="translate(8 6)">
            <path d={MARKS[open.worst]} className={styles["shape"]} />
          </g>
        )}
      </a>
    </g>
  );
}

function ZoneBox({
  box,
  here,
  onFocus,
}: {
  box: Drawing["boxes"][number];
  here: boolean;
  onFocus: (key: string) => void;
}) {
  const t = useTranslations("site.zones");
  const { node } = box;
  const level = node.level === null || node.level === undefined ? "" : t("level", { level: node.level });
  return (
    <g transform={`translate(${box.x} ${box.y})`}>
      <a
        href="/site/zones"
        data-key={node.key}
        tabIndex={here ? 0 : -1}
        aria-label={[node.name || node.id, level].join(", ")}
        className={styles["zone"]}
        onFocus={() => onFocus(node.key)}
      >
        <rect width={box.width} height={box.height} rx={4} />
        <text x={10} y={18}>
          {node.name || node.id} · {level}
        </text>
      </a>
    </g>
  );
}

function short(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}
