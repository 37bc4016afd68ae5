/** What lies above the plan's ground and can be chosen: assets, what is wrong with them, receptors, the wind's sector. */
import type { KeyboardEvent } from "react";
import { useTranslations } from "use-intl";
import { SHAPES } from "../marks";
import { type Arranged, type Cluster, HALF_SECTOR, type Label, LINE_PX, SHOWN } from "./arrange";
import styles from "./map.module.css";
import type { Place, Point } from "./plane";
import type { Mark } from "./types";
import type { Size } from "./view";

interface Props {
  arranged: Arranged;
  size: Size;
  factor: number;
  unknown: ReadonlySet<string>;
  selected: string | null;
  choose: ((asset: string) => void) | null;
  text: (place: Place, under: boolean) => string;
  line: (mark: Mark) => string;
  /** The sector's point on the picture, the wind's origin, and how far it is drawn, pixels. */
  sector: { at: Point; from: number; reach: number } | null;
}

const name = (one: string | undefined) => one ?? "";

export function Overlay({ arranged, size, factor, unknown, selected, choose, text, line, sector }: Props) {
  const t = useTranslations("map");
  const { clusters, labels, dots, receptors, zones } = arranged;
  return (
    <svg
      className={styles["over"]}
      width={size.width}
      height={size.height}
      style={{ fontSize: 13 * factor }}
      role="presentation"
    >
      <defs>
        <pattern id="map-unknown" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="5" height="5" className={name(styles["plate"])} stroke="none" />
          <line x1="0" y1="0" x2="0" y2="5" className={name(styles["hatch"])} />
        </pattern>
        <pattern id="map-downwind" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="9" className={name(styles["faint"])} />
        </pattern>
      </defs>
      {sector && <Sector {...sector} />}
      {zones.map((one) => (
        <Name key={one.key} label={labels.get(one.key)} text={text(one, false)} className="area" factor={factor} />
      ))}
      {dots.map((one) => (
        <g
          key={one.key}
          className={styles["dot"]}
          transform={`translate(${one.at[0]} ${one.at[1]})`}
          {...(choose ? { role: "button", tabIndex: -1, "aria-label": one.id, onClick: () => choose(one.id) } : {})}
        >
          <title>{one.name ? `${one.id} · ${one.name}` : one.id}</title>
          <circle className={styles["hit"]} r="10" />
          <circle
            className={unknown.has(one.id) ? styles["unknown"] : undefined}
            r={(unknown.has(one.id) ? 6 : 3) * factor}
          />
          {one.id === selected && <circle className={styles["chosen"]} r={9 * factor} />}
        </g>
      ))}
      {dots.map((one) => (
        <Name key={`n${one.key}`} label={labels.get(one.key)} text={one.id} className="soft" factor={factor} />
      ))}
      {receptors.map((one) => (
        <g key={one.key}>
          {one.under && <Leader at={one.at} label={labels.get(one.key)} />}
          <path
            className={styles["receptor"]}
            transform={`translate(${one.at[0]} ${one.at[1]}) scale(${factor})`}
            d="M-6 5V-1L0-6 6-1V5Z"
          />
          <Name
            label={labels.get(one.key)}
            text={text(one, one.under)}
            className={one.under ? "strong" : "text"}
            factor={factor}
          />
        </g>
      ))}
      {clusters.map((one) => {
        const label = labels.get(`mark/${one.key}`);
        if (!label) return null;
        const [x, y] = [label.x + label.width / 2, label.y + label.height / 2];
        return <line key={one.key} className={styles["leader"]} x1={one.at[0]} y1={one.at[1]} x2={x} y2={y} />;
      })}
      {clusters.map((one) => {
        const label = labels.get(`mark/${one.key}`);
        return (
          <ClusterOf
            key={one.key}
            cluster={one}
            label={label}
            more={t("more", { n: one.marks.length - SHOWN })}
            {...{ factor, selected, choose, line }}
          />
        );
      })}
    </svg>
  );
}

function Name(props: { label: Label | undefined; text: string; className: string; factor: number }) {
  const { label, text, className, factor } = props;
  if (!label) return null;
  return (
    <text
      x={label.x + 2}
      y={label.y + 13.5 * factor}
      className={`${styles["text"]} ${styles["halo"]} ${styles[className]}`}
    >
      {text}
    </text>
  );
}

/** From a point to the edge of its label, which may have found no room beside it. */
function Leader({ at: [x, y], label }: { at: Point; label: Label | undefined }) {
  if (!label) return null;
  const [right, bottom] = [label.x + label.width, label.y + label.height];
  const [toX, toY] = [Math.min(Math.max(x, label.x), right), Math.min(Math.max(y, label.y), bottom)];
  return <line className={styles["leader"]} x1={x} y1={y} x2={toX} y2={toY} />;
}

function Sector({ at: [x, y], from, reach }: { at: Point; from: number; reach: number }) {
  const edge = (degrees: number) => {
    const turn = (degrees * Math.PI) / 180;
    return `${(x + Math.sin(turn) * reach).toFixed(1)} ${(y - Math.cos(turn) * reach).toFixed(1)}`;
  };
  const to = from + 180;
  return (
    <path
      className={styles["sector"]}
      data-testid="downwind"
      d={`M${x} ${y}L${edge(to - HALF_SECTOR)}A${reach} ${reach} 0 0 1 ${edge(to + HALF_SECTOR)}Z`}
    />
  );
}

interface ClusterProps {
  cluster: Cluster;
  label: Label | undefined;
  factor: number;
  selected: string | null;
  choose: ((asset: string) => void) | null;
  line: (mark: Mark) => string;
  more: string;
}

function ClusterOf({ cluster, label, factor, selected, choose, line, more }: ClusterProps) {
  const [x, y] = cluster.at;
  const worst = cluster.marks[0] as Mark;
  const calling = cluster.marks.some((one) => one.calling);
  const size = 20 * factor;
  return (
    <g>
      <g className={styles["mark"]} data-severity={worst.severity} transform={`translate(${x} ${y})`}>
        {calling && <circle className={styles["calling"]} r={15 * factor} />}
        <g transform={`translate(${-size / 2} ${-size / 2}) scale(${size / 16})`}>
          {worst.severity === "unknown" ? (
            <circle className={styles["shape"]} cx="8" cy="8" r="7" />
          ) : (
            <path className={styles["shape"]} d={SHAPES[worst.severity]} />
          )}
        </g>
      </g>
      {label && (
        <g>
          <rect className={styles["plate"]} {...box(label)} rx="3" />
          {cluster.marks.slice(0, SHOWN).map((one, i) => (
            <Line
              key={one.asset}
              mark={one}
              text={line(one)}
              x={label.x}
              y={label.y + 3 * factor + i * LINE_PX * factor}
              width={label.width}
              {...{ factor, choose }}
              selected={one.asset === selected}
            />
          ))}
          {cluster.marks.length > SHOWN && (
            <text
              className={`${styles["text"]} ${styles["soft"]}`}
              x={label.x + 10 * factor}
              y={label.y + 3 * factor + (SHOWN + 0.75) * LINE_PX * factor}
            >
              {more}
            </text>
          )}
        </g>
      )}
    </g>
  );
}

const box = ({ x, y, width, height }: Label) => ({ x, y, width, height });

interface LineProps {
  mark: Mark;
  text: string;
  x: number;
  y: number;
  width: number;
  factor: number;
  selected: boolean;
  choose: ((asset: string) => void) | null;
}

function Line({ mark, text, x, y, width, factor, selected, choose }: LineProps) {
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose?.(mark.asset);
  };
  const interactive = choose
    ? { role: "button", tabIndex: 0, "aria-pressed": selected, onClick: () => choose(mark.asset), onKeyDown: press }
    : { role: "img" };
  return (
    <g
      {...interactive}
      className={styles["mark"]}
      aria-label={mark.spoken ? `${mark.asset}: ${mark.spoken}` : text}
      data-selected={selected || undefined}
      data-severity={mark.severity}
      data-asset={mark.asset}
    >
      <rect className={styles["ring"]} x={x} y={y} width={width} height={LINE_PX * factor} rx="2" pointerEvents="all" />
      {selected && <rect className={styles["chosen"]} x={x} y={y} width={width} height={LINE_PX * factor} rx="2" />}
      <text
        className={`${styles["text"]} ${mark.calling ? styles["strong"] : ""}`}
        x={x + 10 * factor}
        y={y + 13.5 * factor}
      >
        {text}
      </text>
    </g>
  );
}
