/** The alarm banner at the top of every screen: the most urgent alarm that nobody has acknowledged, how many, and sound. */
import { useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { useCell } from "../../api/cell";
import { may } from "../../api/session";
import type { Alarm } from "../../api/types";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icons";
import { SeverityMark } from "../../ui/marks";
import { Age } from "../../ui/time";
import { Acting, askToAct } from "../acting/acting";
import { useCommands } from "../palette/commands";
import styles from "./banner.module.css";
import { allow, allowed, attend, calling, mute, silence, sounded, unmute } from "./player";

export function Banner() {
  if (!may("see.alarms")) return null;
  return <Attended />;
}

function Attended() {
  const t = useTranslations("banner");
  useEffect(attend, []);
  const { alarms, counts } = useCell(calling);
  const top = alarms[0];
  return (
    <>
      <Sound />
      {top && (
        <section className={styles["banner"]} aria-label={t("title")} data-priority={top.priority}>
          <Top alarm={top} />
          <ul className={styles["counts"]} aria-label={t("counts")}>
            {[1, 2, 3, 4].map((priority) =>
              counts[priority] ? (
                <li key={priority} data-priority={priority}>
                  <Link href={`/alarms?state=unacknowledged&state=returned`}>
                    {t("count", { priority, n: counts[priority] ?? 0 })}
                  </Link>
                </li>
              ) : null,
            )}
          </ul>
          {may("act.alarms") && (
            <Button
              onClick={() => askToAct("acknowledge", [top])}
              aria-label={t("acknowledgeThis", { title: top.title })}
            >
              {t("acknowledge")}
            </Button>
          )}
        </section>
      )}
      <Spoken alarms={alarms} />
      <Acting />
    </>
  );
}

function Top({ alarm }: { alarm: Alarm }) {
  const t = useTranslations("banner");
  return (
    <p className={styles["top"]}>
      <SeverityMark severity={alarm.severity} calling />
      <span className={styles["priority"]}>{t("priority", { priority: alarm.priority })}</span>
      <Link href={`/alarms/${encodeURIComponent(alarm.id)}`} className={styles["name"]}>
        {alarm.title}
      </Link>
      {alarm.realarmed && <strong>{t("again")}</strong>}
      <span className={styles["age"]}>
        <Age at={alarm.last_raised ?? alarm.raised} />
      </span>
    </p>
  );
}

/** Sound on, muted, or not let by the browser: said in words, in the head of every screen. */
function Sound() {
  const t = useTranslations("banner.sound");
  const muted = useCell(mute);
  const ready = useCell(allowed);
  const { rounds, priority } = useCell(sounded);
  const calls = useCell(calling).alarms.length > 0;
  const [place, setPlace] = useState<HTMLElement | null>(null);
  useEffect(() => setPlace(document.getElementById("head-middle")), []);
  useCommands([
    muted
      ? { id: "unmute", label: t("unmute"), run: unmute }
      : { id: "mute", label: t("mute"), run: silence, keys: "m" },
  ]);
  if (!place) return null;
  const state = !ready ? "off" : muted ? "muted" : calls ? "sounding" : "on";
  const press = !ready ? () => void allow() : muted ? unmute : silence;
  return createPortal(
    <Button
      kind={state === "on" ? "bare" : "quiet"}
      className={styles["sound"]}
      onClick={press}
      data-testid="sound"
      data-sound={state}
      data-rounds={rounds}
      data-priority={priority}
      aria-pressed={state === "muted"}
      title={muted ? t("until", { time: new Date(muted.until) }) : t("hint")}
      icon={<Icon name={state === "muted" || state === "off" ? "muted" : "sound"} />}
    >
      <span>{t(state)}</span>
    </Button>,
    place,
  );
}

const SPOKEN = 2;

/** What newly calls, for those who listen to the page: at once for the highest priorities, else when it is convenient. */
function Spoken({ alarms }: { alarms: readonly Alarm[] }) {
  const t = useTranslations("banner");
  const top = alarms[0];
  const text = top
    ? t("spoken", { n: alarms.length, priority: top.priority, title: top.title, again: String(top.realarmed ?? false) })
    : "";
  const urgent = top !== undefined && top.priority <= SPOKEN;
  return (
    <>
      <p className="sr-only" aria-live="assertive" data-testid="spoken-now">
        {urgent ? text : ""}
      </p>
      <p className="sr-only" aria-live="polite">
        {urgent ? "" : text}
      </p>
    </>
  );
}
