/** The plan of the site: ground by MapLibre, or by SVG where there is no WebGL; what is wrong, receptors and wind above it.
 *
 * Both grounds look and behave alike: this component alone decides what is seen and what is chosen.
 */
import {
  type ComponentType,
  type CSSProperties,
  lazy,
  type PointerEvent,
  Suspense,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useFormatter, useTranslations } from "use-intl";
import { kept } from "../../app/preferences";
import { arrange, placeOf } from "./arrange";
import type { Props as GlProps } from "./base-gl";
import { BaseSvg } from "./base-svg";
import { Scale, WindRose, Zoom } from "./furniture";
import styles from "./map.module.css";
import { Overlay } from "./overlay";
import { extentOf, type Place, type PlanData, type Point, planeOf } from "./plane";
import { Spots } from "./spots";
import type { MapProps, Mark, Spot } from "./types";
import { type Size, toPixel, type View, wholeView, zoomed } from "./view";

export type { MapProps, Mark, Spot, Wind } from "./types";

/** Where the map's program can't be read, the SVG does. */
function NoGl({ onFailed }: GlProps) {
  useEffect(onFailed, [onFailed]);
  return null;
}
const BaseGl = lazy<ComponentType<GlProps>>(() => import("./base-gl").catch(() => ({ default: NoGl })));
const NOTHING: readonly Mark[] = [];
const NO_SPOTS: readonly Spot[] = [];
const NONE: ReadonlySet<string> = new Set();
const NO_DIAMETERS: ReadonlyMap<string, number> = new Map();
const CLICK_PX = 4;

/** Whether WebGL 2 works here, and by a graphics card: drawn by the processor it is slower than SVG. Asked once. */
let webgl: boolean | null = kept("map") ? kept("map") === "gl" : null;
function hasWebGl(): boolean {
  if (webgl === null) {
    try {
      const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
      const told = context?.getExtension("WEBGL_debug_renderer_info");
      const renderer = context && told ? String(context.getParameter(told.UNMASKED_RENDERER_WEBGL)) : "";
      webgl = context !== null && !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(renderer);
      context?.getExtension("WEBGL_lose_context")?.loseContext();
    } catch {
      webgl = false;
    }
  }
  return webgl;
}

let pen: CanvasRenderingContext2D | null = null;
function widthOf(text: string, factor: number, bold: boolean): number {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return text.length * 7.5 * factor;
  pen.font = `${bold ? 700 : 400} ${13 * factor}px system-ui, "Segoe UI", "Noto Sans", "Liberation Sans", "DejaVu Sans", sans-serif`;
  return pen.measureText(text).width;
}

export function SiteMap({
  plan,
  label,
  diameters = NO_DIAMETERS,
  marks = NOTHING,
  unknown = NONE,
  selected = null,
  onSelect,
  wind = null,
  source = null,
  spots = NO_SPOTS,
  fixed,
  names = true,
}: MapProps) {
  const t = useTranslations("map");
  const format = useFormatter();
  const holder = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const plane = useMemo(() => planeOf(plan as PlanData, diameters), [plan, diameters]);
  const [moved, setMoved] = useState<View | null>(null);
  const [gl, setGl] = useState(hasWebGl);
  const noGl = useCallback(() => setGl(false), []);
  const factor = fixed ?? 1;

  useEffect(() => {
    const place = holder.current;
    if (!place) return undefined;
    const watch = new ResizeObserver(() => setSize({ width: place.clientWidth, height: place.clientHeight }));
    watch.observe(place);
    return () => watch.disconnect();
  }, []);

  const placed = useMemo(
    () =>
      (plan as PlanData).crs === "WGS84"
        ? spots.map((one) => ({ id: one.id, chosen: one.chosen, at: plane.place([one.longitude, one.latitude]) }))
        : [],
    [plan, plane, spots],
  );
  const whole = useMemo(() => {
    const [west, south, east, north] = plane.extent;
    const chosen = placed.filter((one) => one.chosen).map((one) => one.at);
    return wholeView(extentOf([[west, south], [east, north], ...chosen]), size, 56 * factor);
  }, [plane, placed, size, factor]);
  const view = moved ?? whole;
  const bounds = useMemo(() => [Math.max(whole.scale / 60, 0.01), whole.scale * 2] as const, [whole]);
  const zoomBy = (by: number, at: Point = [size.width / 2, size.height / 2]) =>
    setMoved((before) => zoomed(before ?? whole, size, by, at, bounds));
  const { start, move, end } = useMoving(setMoved, whole, zoomBy);

  useEffect(() => {
    const place = holder.current;
    if (!place || fixed) return undefined;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = place.getBoundingClientRect();
      const at: Point = [event.clientX - box.left, event.clientY - box.top];
      setMoved((before) => zoomed(before ?? whole, size, Math.exp(-event.deltaY / 400), at, bounds));
    };
    place.addEventListener("wheel", wheel, { passive: false });
    return () => place.removeEventListener("wheel", wheel);
  }, [fixed, whole, size, bounds]);

  const zones = useMemo(
    () => new Map(plane.places.flatMap((one) => (one.kind === "asset" && one.zone ? [[one.id, one.zone]] : []))),
    [plane],
  );
  const zonesOfAll = useMemo(() => {
    const all = new Map<string, string>(zones as ReadonlyMap<string, string>);
    for (const one of marks) if (one.zone) all.set(one.asset, one.zone);
    return all;
  }, [zones, marks]);

  const text = useCallback(
    (one: Place, under: boolean) => {
      const named = one.name || one.id;
      if (one.kind !== "receptor") return named;
      const people = one.population ? t("people", { name: named, n: one.population }) : named;
      return under ? t("under", { name: people }) : people;
    },
    [t],
  );
  const line = useCallback((mark: Mark) => `${mark.asset} · ${mark.text}`, []);
  const blowing = wind && !wind.stale ? wind.from : null;
  const origin = source ? placeOf(plane, source, zonesOfAll) : null;
  const rose = wind !== null;
  const corners = useMemo(() => cornersOf(size, factor, !fixed, rose), [size, factor, fixed, rose]);
  const arranged = useMemo(
    () =>
      arrange({
        plane,
        view,
        size,
        marks,
        zones: zonesOfAll,
        names,
        text,
        line,
        more: (n) => t("more", { n }),
        measure: (words, bold) => widthOf(words, factor, bold),
        factor,
        corners,
        source: origin,
        from: blowing,
      }),
    [plane, view, size, marks, zonesOfAll, names, text, line, t, factor, origin, blowing, corners],
  );
  const choose = onSelect && !fixed ? (asset: string) => onSelect(asset === selected ? null : asset) : null;
  const sector =
    origin && blowing !== null
      ? { at: toPixel(view, size, origin), from: blowing, reach: Math.hypot(size.width, size.height) }
      : null;
  const drawn = size.width > 0 && size.height > 0;
  return (
    <section
      ref={holder}
      className={styles["map"]}
      aria-label={label}
      data-fixed={fixed ? "" : undefined}
      style={fixed ? ({ "--thick": fixed } as CSSProperties) : undefined}
      tabIndex={fixed ? undefined : 0}
      onKeyDown={fixed ? undefined : (event) => keyed(event, view, setMoved, zoomBy)}
      onPointerDown={fixed ? undefined : start}
      onPointerMove={fixed ? undefined : move}
      onPointerUp={fixed ? undefined : end}
      onPointerCancel={fixed ? undefined : end}
    >
      {drawn &&
        (gl ? (
          <Suspense fallback={<BaseSvg plane={plane} view={view} size={size} />}>
            <BaseGl plane={plane} view={view} size={size} thick={factor} onFailed={noGl} />
          </Suspense>
        ) : (
          <BaseSvg plane={plane} view={view} size={size} />
        ))}
      {drawn && <Overlay {...{ arranged, size, factor, unknown, selected, choose, text, line, sector }} />}
      {drawn && placed.length > 0 && <Spots spots={placed} view={view} size={size} factor={factor} />}
      {arranged.homeless.length > 0 && <Homeless {...{ marks: arranged.homeless, line, choose }} />}
      <Scale scale={view.scale} most={120 * factor} unknown={unknown.size} />
      {wind && <WindRose wind={wind} />}
      {!fixed && <Zoom zoom={(by) => zoomBy(by)} whole={() => setMoved(null)} />}
      <span className="sr-only">{t("summary", { n: format.number(marks.length) })}</span>
    </section>
  );
}

/** Where scale, zoom and wind stand, pixels. */
function cornersOf(size: Size, factor: number, zoom: boolean, wind: boolean) {
  const scale = { x: 0, y: size.height - 48 * factor, width: 200 * factor, height: 48 * factor };
  const tools = { x: size.width - 60, y: size.height - 160, width: 60, height: 160 };
  const rose = { x: size.width - 320 * factor, y: 0, width: 320 * factor, height: 56 * factor };
  return [scale, ...(zoom ? [tools] : []), ...(wind ? [rose] : [])];
}

/** What is wrong and has no place on the plan. */
function Homeless(props: {
  marks: readonly Mark[];
  line: (mark: Mark) => string;
  choose: ((asset: string) => void) | null;
}) {
  const t = useTranslations("map");
  const { marks, line, choose } = props;
  return (
    <div className={`${styles["corner"]} ${styles["homeless"]}`}>
      <span>{t("homeless")}</span>
      {marks.slice(0, 6).map((one) => (
        <button key={one.asset} type="button" disabled={!choose} onClick={() => choose?.(one.asset)}>
          {line(one)}
        </button>
      ))}
      {marks.length > 6 && <span>{t("more", { n: marks.length - 6 })}</span>}
    </div>
  );
}

const KEYS: Record<string, Point> = {
  ArrowLeft: [-60, 0],
  ArrowRight: [60, 0],
  ArrowUp: [0, 60],
  ArrowDown: [0, -60],
};

function keyed(
  event: React.KeyboardEvent,
  view: View,
  setMoved: (view: View | null) => void,
  zoomBy: (by: number) => void,
) {
  if (event.target !== event.currentTarget) return;
  const step = KEYS[event.key];
  if (step) setMoved({ ...view, x: view.x + step[0] * view.scale, y: view.y + step[1] * view.scale });
  else if (event.key === "+") zoomBy(1.5);
  else if (event.key === "-") zoomBy(1 / 1.5);
  else if (event.key === "0") setMoved(null);
  else return;
  event.preventDefault();
}

/** Dragging with one pointer, pinching with two. A press that hardly moves stays a click. */
function useMoving(
  setMoved: (next: (before: View | null) => View | null) => void,
  whole: View,
  zoomBy: (by: number, at?: Point) => void,
) {
  const down = useRef(new Map<number, Point>());
  const dragged = useRef(0);
  return {
    start(event: PointerEvent<HTMLElement>) {
      down.current.set(event.pointerId, [event.clientX, event.clientY]);
      dragged.current = 0;
    },
    move(event: PointerEvent<HTMLElement>) {
      const before = down.current.get(event.pointerId);
      if (!before) return;
      const now: Point = [event.clientX, event.clientY];
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
      dragged.current += Math.hypot(dx, dy);
      if (dragged.current < CLICK_PX) return;
      if (!event.currentTarget.hasPointerCapture(event.pointerId))
        event.currentTarget.setPointerCapture(event.pointerId);
      const other = [...down.current].find(([id]) => id !== event.pointerId)?.[1];
      down.current.set(event.pointerId, now);
      if (other) {
        const box = event.currentTarget.getBoundingClientRect();
        const by =
          Math.hypot(now[0] - other[0], now[1] - other[1]) / Math.hypot(before[0] - other[0], before[1] - other[1]);
        zoomBy(by || 1, [(now[0] + other[0]) / 2 - box.left, (now[1] + other[1]) / 2 - box.top]);
      } else {
        setMoved((seen) => {
          const view = seen ?? whole;
          return { ...view, x: view.x - dx * view.scale, y: view.y + dy * view.scale };
        });
      }
    },
    end(event: PointerEvent<HTMLElement>) {
      down.current.delete(event.pointerId);
    },
  };
}
