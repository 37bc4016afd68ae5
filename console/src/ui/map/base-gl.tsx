/** The ground of the plan by MapLibre: it only draws; what is seen and what is chosen is decided above it. */
import type { FeatureCollection, Geometry } from "geojson";
import { Map as GlMap, type LayerSpecification, type StyleSpecification, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { useEffect, useLayoutEffect, useRef } from "react";
import { useCell } from "../../api/cell";
import { shownTheme } from "../../app/preferences";
import { GROUND } from "./base-svg";
import styles from "./map.module.css";
import type { Plane, Point } from "./plane";
import type { Size, View } from "./view";

setWorkerUrl(workerUrl); // a file of ours: the content security policy forbids workers made on the fly

const RADIUS_M = 6_378_137;
const DEG = 180 / Math.PI;

/** The plane's metres as longitude and latitude about [0, 0], where Mercator is true to scale. */
const toEarth = ([x, y]: Point): [number, number] => [
  (x / RADIUS_M) * DEG,
  (2 * Math.atan(Math.exp(y / RADIUS_M)) - Math.PI / 2) * DEG,
];

const camera = (view: View) => ({
  center: toEarth([view.x, view.y]),
  zoom: Math.log2((2 * Math.PI * RADIUS_M) / (512 * view.scale)),
});

export interface Props {
  plane: Plane;
  view: View;
  size: Size;
  /** How much thicker lines are. */
  thick: number;
  /** WebGL was lost or isn't there. */
  onFailed: () => void;
}

export default function BaseGl({ plane, view, size, thick, onFailed }: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const map = useRef<GlMap | null>(null);
  const failed = useRef(onFailed);
  failed.current = onFailed;
  const first = useRef(view);
  const theme = useCell(shownTheme);

  useEffect(() => {
    if (!holder.current) return undefined;
    try {
      const made = new GlMap({
        container: holder.current,
        style: styleOf(plane, thick),
        interactive: false,
        attributionControl: false,
        fadeDuration: 0,
        maxZoom: 25,
        renderWorldCopies: false,
        trackResize: false,
        ...camera(first.current),
      });
      made.on("webglcontextlost", () => failed.current());
      map.current = made;
    } catch {
      failed.current();
    }
    return () => {
      map.current?.remove();
      map.current = null;
    };
  }, [plane, thick]);

  const drawn = useRef(theme);
  useEffect(() => {
    if (drawn.current !== theme) map.current?.setStyle(styleOf(plane, thick), { diff: false });
    drawn.current = theme;
  }, [theme, plane, thick]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew when the place has another size
  useLayoutEffect(() => {
    first.current = view;
    map.current?.resize();
    map.current?.jumpTo(camera(view));
    map.current?.redraw(); // in the same frame as what lies above it
  }, [view, size.width, size.height]);

  return <div ref={holder} className={styles["base"]} aria-hidden="true" data-engine="gl" />;
}

function dataOf(plane: Plane): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: plane.places
      .filter((one) => one.shape !== "point")
      .map((one) => {
        const points = one.points.map(toEarth);
        const geometry: Geometry =
          one.shape === "area"
            ? { type: "Polygon", coordinates: [[...points, points[0] as [number, number]]] }
            : { type: "LineString", coordinates: points };
        return { type: "Feature", geometry, properties: { kind: one.kind, type: one.type } };
      }),
  };
}

/** The same look as the SVG's, from the same tokens. */
function styleOf(plane: Plane, thick: number): StyleSpecification {
  const tokens = getComputedStyle(document.documentElement);
  const colour = (name: string) => tokens.getPropertyValue(`--${name}`).trim();
  const of = (kind: string): ["==", ["get", string], string] => ["==", ["get", "kind"], kind];
  const fill = (kind: string, name: string): LayerSpecification => ({
    id: `${kind}-fill`,
    type: "fill",
    source: "plan",
    filter: of(kind),
    paint: { "fill-color": colour(name), "fill-antialias": false },
  });
  const line = (kind: string, name: string, width: number, dashes?: number[]): LayerSpecification => ({
    id: `${kind}-line`,
    type: "line",
    source: "plan",
    filter: of(kind),
    paint: {
      "line-color": colour(name),
      "line-width": width * thick,
      ...(dashes ? { "line-dasharray": dashes } : {}),
    },
    layout: { "line-join": "round", "line-cap": kind === "road" ? "round" : "butt" },
  });
  const layers: Record<(typeof GROUND)[number], LayerSpecification[]> = {
    boundary: [fill("boundary", "panel"), line("boundary", "line-strong", 2)],
    zone: [fill("zone", "sunken"), line("zone", "line", 1)],
    view: [line("view", "line-strong", 1, [2, 4])],
    road: [line("road", "line", 5)],
    asset: [fill("asset", "raised"), line("asset", "line-strong", 1.25)],
  };
  return {
    version: 8,
    sources: { plan: { type: "geojson", data: dataOf(plane), tolerance: 0, maxzoom: 24 } },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": colour("ground") } },
      ...GROUND.flatMap((kind) => layers[kind]),
    ],
  };
}
