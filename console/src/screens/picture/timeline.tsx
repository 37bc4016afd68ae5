/** The time slider: a track of the last hours with marks of incidents and alarms, and the player that goes back along it. */
import type { KeyboardEvent } from "react";
import { useFormatter, useTranslations } from "use-intl";
import type { Severity } from "../../api/types";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icons";
import { Time } from "../../ui/time";
import styles from "./picture.module.css";
import { type Move, type Player, SPEEDS, type Span } from "./player";

export interface TrackMark {
  from: number;
  to: number;
  severity: Severity;
  id: string;
  /** A bar with its title, or a tick. */
  title: string | null;
}

interface Props {
  /** Whether the page knows the time: before the first pulse there is no past to look into. */
  ready: boolean;
  span: Span;
  hours: number;
  player: Player;
  marks: readonly TrackMark[];
  changes: readonly number[];
  /** Whether the past is still being read. */
  reading: boolean;
  move: (move: Move) => void;
  look: (hours: number) => void;
}

const HOURS = [1, 4, 8, 24] as const;

export function Timeline({ ready, span, hours, player, marks, changes, reading, move, look }: Props) {
  const t = useTranslations("picture.slider");
  const past = player.at !== null;
  const at = player.at ?? span.to;
  const pressed = (event: KeyboardEvent) => {
    const keys: Record<string, Move | undefined> = {
      ArrowLeft: { do: "step", by: -1, changes },
      ArrowRight: { do: "step", by: 1, changes },
      " ": { do: player.playing ? "pause" : "play" },
      Escape: { do: "live" },
      l: { do: "live" },
    };
    const found = keys[event.key];
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    move(found);
  };
  return (
    <section className={styles["timeline"]} aria-label={t("label")} data-past={past || undefined}>
      <div className={styles["buttons"]}>
        <Button
          onClick={() => move({ do: "step", by: -1, changes })}
          title={t("previousKey")}
          aria-label={t("previous")}
          disabled={!ready}
        >
          <Icon name="back" />
        </Button>
        <Button
          onClick={() => move({ do: player.playing ? "pause" : "play" })}
          title={t("playKey")}
          aria-label={player.playing ? t("pause") : t("play")}
          disabled={!ready}
        >
          <Icon name={player.playing ? "pause" : "play"} />
        </Button>
        <Button
          onClick={() => move({ do: "step", by: 1, changes })}
          title={t("nextKey")}
          aria-label={t("next")}
          disabled={!past}
        >
          <Icon name="forth" />
        </Button>
        <label>
          <span className="sr-only">{t("speed")}</span>
          <select value={player.speed} onChange={(event) => move({ do: "speed", speed: Number(event.target.value) })}>
            {SPEEDS.map((one) => (
              <option key={one} value={one}>
                {t("times", { n: one })}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span className="sr-only">{t("hours")}</span>
          <select value={hours} onChange={(event) => look(Number(event.target.value))}>
            {HOURS.map((one) => (
              <option key={one} value={one}>
                {t("last", { n: one })}
              </option>
            ))}
          </select>
        </label>
        <Button
          kind={past ? "primary" : "quiet"}
          onClick={() => move({ do: "live" })}
          disabled={!past}
          title={t("liveKey")}
        >
          {t("live")}
        </Button>
      </div>
      <div className={styles["track"]}>
        <Track span={span} marks={marks} at={past ? at : null} />
        <Spoken {...{ ready, span, at, past, reading, pressed, move }} />
        <div className={styles["ends"]}>
          {ready && <Time at={span.from} form="minute" />}
          {ready && <Time at={span.to} form="minute" zone />}
        </div>
      </div>
    </section>
  );
}

interface SpokenProps {
  ready: boolean;
  span: Span;
  at: number;
  past: boolean;
  reading: boolean;
  pressed: (event: KeyboardEvent) => void;
  move: (move: Move) => void;
}

/** The thumb, and what it says to those who hear it. */
function Spoken({ ready, span, at, past, reading, pressed, move }: SpokenProps) {
  const t = useTranslations("picture.slider");
  const format = useFormatter();
  const words = past ? format.dateTime(new Date(at), { dateStyle: "medium", timeStyle: "medium" }) : t("now");
  return (
    <input
      type="range"
      aria-label={t("thumb")}
      aria-valuetext={words}
      aria-busy={reading}
      disabled={!ready}
      min={span.from}
      max={span.to}
      step={1000}
      value={at}
      onKeyDown={pressed}
      onChange={(event) => move({ do: "seek", at: Number(event.target.value) })}
    />
  );
}

function Track({ span, marks, at }: { span: Span; marks: readonly TrackMark[]; at: number | null }) {
  const x = (time: number) =>
    Math.min(Math.max(((time - span.from) / Math.max(span.to - span.from, 1)) * 1000, 0), 1000);
  const bars = marks.filter((one) => one.title !== null);
  return (
    <svg className={styles["marks"]} viewBox="0 0 1000 34" preserveAspectRatio="none" aria-hidden="true">
      <rect className={styles["rail"]} x="0" y="0" width="1000" height="34" />
      {bars.map((one, i) => (
        <rect
          key={`${one.from}/${one.title}`}
          data-severity={one.severity}
          x={x(one.from)}
          y={2 + (i % 2) * 8}
          width={Math.max(x(one.to) - x(one.from), 3)}
          height="6"
        >
          <title>{one.title}</title>
        </rect>
      ))}
      {marks
        .filter((one) => one.title === null)
        .map((one) => (
          <rect
            key={`${one.from}/${one.id}`}
            data-severity={one.severity}
            x={x(one.from) - 1}
            y="20"
            width="2.5"
            height="12"
          />
        ))}
      {at !== null && <rect className={styles["cursor"]} x={x(at) - 1} y="0" width="2" height="34" />}
    </svg>
  );
}
