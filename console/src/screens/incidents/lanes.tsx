/** The timeline as lanes by kind of source over a scale of time, moved and zoomed by keys, buttons and wheel. */
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { useSite } from "../../api/site";
import { Button } from "../../ui/button";
import { SeverityMark } from "../../ui/marks";
import { type Entry, LANES, type Lane, worstOf } from "./entries";
import styles from "./incidents.module.css";
import { bundled, moved, placeOf, type Span, spanOf, ticksOf, zoneOffset, zoomed } from "./scale";
import { Line } from "./timeline";

const APART = 0.035;
const TICKS = 6;
const ZOOM = 1.6;
const STEP = 0.25;
const DAY_MS = 86_400_000;

export function Lanes({ entries }: { entries: readonly Entry[] }) {
  const t = useTranslations("incidents.timeline");
  const kinds = useTranslations("ui.kind");
  const format = useFormatter();
  const timeZone = useSite()?.time_zone ?? "UTC";
  const whole = useMemo(() => spanOf(entries.length ? entries.map((one) => one.at) : [0]), [entries]);
  const [chosenSpan, setSpan] = useState<Span | null>(null);
  const span = chosenSpan ? zoomed(chosenSpan, whole, 1) : whole;
  const [chosen, setChosen] = useState<string | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const lanes = LANES.filter((lane) => entries.some((one) => one.lane === lane));
  const bundles = useMemo(
    () =>
      new Map(
        lanes.map((lane) => [
          lane,
          bundled(
            entries.filter((one) => one.lane === lane),
            (one) => one.at,
            span,
            APART,
          ),
        ]),
      ),
    [entries, lanes, span],
  );
  const all = lanes
    .flatMap((lane) => bundles.get(lane) ?? [])
    .sort((one, other) => (one[0]?.at ?? 0) - (other[0]?.at ?? 0));
  const held = all.find((one) => one.some((entry) => entry.key === chosen));
  const shownCount = all.reduce((sum, one) => sum + one.length, 0);
  const clock = (at: number, seconds: boolean) =>
    format.dateTime(new Date(at), {
      hour: "2-digit",
      minute: "2-digit",
      ...(seconds ? { second: "2-digit" } : {}),
      hourCycle: "h23",
      timeZone,
    });
  const day = (at: number) => format.dateTime(new Date(at), { day: "numeric", month: "short", timeZone });
  const zoom = (factor: number, about = held?.[0] ? placeOf(span, held[0].at) : 0.5) =>
    setSpan(zoomed(span, whole, factor, about));
  const move = (share: number) => setSpan(moved(span, whole, share));

  const walk = (by: number) => {
    const order = [...entries];
    const at = held ? order.findIndex((one) => one.key === held[by > 0 ? held.length - 1 : 0]?.key) : by > 0 ? -1 : 0;
    const next = order[Math.min(Math.max(at + by, 0), order.length - 1)];
    if (!next) return;
    setChosen(next.key);
    const lies = placeOf(span, next.at);
    if (lies < 0 || lies > 1) setSpan(moved(span, whole, lies - 0.5));
  };

  const keys = new Map<string, () => void>([
    ["ArrowRight", () => walk(1)],
    ["ArrowLeft", () => walk(-1)],
    ["shift+ArrowRight", () => move(STEP)],
    ["shift+ArrowLeft", () => move(-STEP)],
    ["+", () => zoom(ZOOM)],
    ["-", () => zoom(1 / ZOOM)],
    ["0", () => setSpan(null)],
  ]);
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const run = keys.get(event.shiftKey && event.key.startsWith("Arrow") ? `shift+${event.key}` : event.key);
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  };
  useWheel(place, (factor, about) => zoom(factor, about));

  const ticks = ticksOf(span, TICKS, zoneOffset(timeZone, span.from));
  const fine = span.to - span.from < 10 * 60_000;
  return (
    <div>
      <div className={styles["tools"]}>
        <Button onClick={() => move(-STEP)} aria-label={t("earlier")} title={t("earlier")}>
          ←
        </Button>
        <Button onClick={() => move(STEP)} aria-label={t("later")} title={t("later")}>
          →
        </Button>
        <Button onClick={() => zoom(ZOOM)} aria-label={t("zoomIn")} title={t("zoomIn")}>
          +
        </Button>
        <Button onClick={() => zoom(1 / ZOOM)} aria-label={t("zoomOut")} title={t("zoomOut")}>
          −
        </Button>
        <Button onClick={() => setSpan(null)}>{t("all")}</Button>
        <span className={styles["hint"]}>{t("hint")}</span>
      </div>
      <section
        className={styles["lanes"]}
        ref={place}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes the keys that move and zoom it
        tabIndex={0}
        onKeyDown={onKey}
        aria-label={t("label", { from: clock(span.from, fine), to: clock(span.to, fine) })}
      >
        {lanes.map((lane) => (
          <div key={lane} className={styles["lane"]}>
            <span className={styles["laneName"]}>{lane === "acts" ? t("acts") : kinds(lane)}</span>
            <div className={styles["track"]}>
              {ticks.map((tick) => (
                <i key={tick} className={styles["grid"]} style={{ left: `${placeOf(span, tick) * 100}%` }} />
              ))}
              {(bundles.get(lane) ?? []).map((bundle) => (
                <Mark
                  key={bundle[0]?.key}
                  lane={lane}
                  bundle={bundle}
                  place={placeOf(span, bundle[0]?.at ?? 0)}
                  time={clock(bundle[0]?.at ?? 0, true)}
                  chosen={bundle === held}
                  onChoose={() => setChosen(bundle[0]?.key ?? null)}
                />
              ))}
            </div>
          </div>
        ))}
        <div className={styles["lane"]} aria-hidden="true">
          <span className={styles["laneName"]} />
          <div className={styles["axis"]}>
            {ticks.map((tick, index) => (
              <span key={tick} style={{ left: `${placeOf(span, tick) * 100}%` }}>
                {clock(tick, fine)}
                {(index === 0 || span.to - span.from > DAY_MS) && <small>{day(tick)}</small>}
              </span>
            ))}
          </div>
        </div>
      </section>
      {shownCount < entries.length && (
        <p className={styles["hint"]}>{t("outside", { n: entries.length - shownCount })}</p>
      )}
      <div className={styles["chosen"]} aria-live="polite">
        {held?.map((entry) => (
          <Line key={entry.key} entry={entry} />
        ))}
      </div>
    </div>
  );
}

interface MarkProps {
  lane: Lane;
  bundle: readonly Entry[];
  place: number;
  time: string;
  chosen: boolean;
  onChoose: () => void;
}

function Mark({ lane, bundle, place, time, chosen, onChoose }: MarkProps) {
  const t = useTranslations("incidents.timeline");
  const worst = worstOf(bundle);
  const said = bundle.length > 1 ? t("bundle", { n: bundle.length }) : bundle[0]?.text;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles["mark"]}
      style={{ left: `${place * 100}%` }}
      aria-pressed={chosen}
      aria-label={`${time}: ${said}`}
      title={`${time}: ${said}`}
      onClick={onChoose}
    >
      {worst ? <SeverityMark severity={worst} text={false} /> : <i className={styles["act"]} data-lane={lane} />}
      {bundle.length > 1 && <b>{bundle.length}</b>}
    </button>
  );
}

/** The wheel with Ctrl zooms about where the pointer is; without it the page scrolls as always. */
function useWheel(place: { current: HTMLDivElement | null }, zoom: (factor: number, about: number) => void) {
  const newest = useRef(zoom);
  newest.current = zoom;
  useEffect(() => {
    const element = place.current;
    const turned = (event: WheelEvent) => {
      if (!event.ctrlKey || !element) return;
      event.preventDefault();
      const track = element.querySelector(`.${styles["track"]}`)?.getBoundingClientRect();
      if (!track) return;
      const about = Math.min(Math.max((event.clientX - track.left) / track.width, 0), 1);
      newest.current(event.deltaY < 0 ? ZOOM : 1 / ZOOM, about);
    };
    element?.addEventListener("wheel", turned, { passive: false });
    return () => element?.removeEventListener("wheel", turned);
  }, [place]);
}
