/** What is wrong, in lists: incidents ranked, the top alarms, how the sources stand. */
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { AlarmStateMark, HealthMark, SeverityMark } from "../../ui/marks";
import { Empty } from "../../ui/states";
import { Time, useDuration } from "../../ui/time";
import styles from "./picture.module.css";
import { type Scene, type SceneSource, waits } from "./scene";

interface Props {
  scene: Scene;
  /** The moment shown, Unix ms. */
  at: number | null;
  most: number;
}

/** How long before the moment shown something was. */
export function Before({ at, then }: { at: number | null; then: number }) {
  const duration = useDuration();
  const t = useTranslations("ui.duration");
  if (at === null) return <Time at={then} form="time" />;
  const iso = new Date(then).toISOString();
  return (
    <time dateTime={iso} title={`${iso.slice(0, 19).replace("T", " ")} UTC`}>
      {t("ago", { age: duration(at - then) })}
    </time>
  );
}

/** What is wrong, in one line. */
export function Verdict({ scene }: { scene: Scene }) {
  const t = useTranslations("picture");
  const waiting = scene.alarms.filter(waits).length;
  const worst = scene.incidents[0];
  const unheard = scene.sources.filter((one) => one.state !== "live").length;
  return (
    <p className={styles["verdict"]} role="status" data-testid="verdict">
      {worst ? (
        <Link href={`/incidents/${worst.id}`}>
          <SeverityMark severity={worst.severity} /> <strong>{worst.title}</strong>
        </Link>
      ) : (
        <strong>{scene.alarms.length ? t("verdict.noIncident") : t("verdict.quiet")}</strong>
      )}
      {scene.alarms.length > 0 && <span>{t("verdict.alarms", { n: scene.alarms.length, waiting })}</span>}
      {unheard > 0 && <span>{t("verdict.unheard", { n: unheard })}</span>}
    </p>
  );
}

export function Incidents({ scene, at, most }: Props) {
  const t = useTranslations("picture");
  const format = useFormatter();
  if (!scene.incidents.length) return <Empty>{t("noIncidents")}</Empty>;
  return (
    <ol className={styles["list"]}>
      {scene.incidents.slice(0, most).map((one) => (
        <li key={one.id} data-severity={one.severity} className={styles["incident"]}>
          <Link href={`/incidents/${one.id}`} className={styles["title"]}>
            <SeverityMark severity={one.severity} text={false} /> {one.title}
          </Link>
          <p className={styles["facts"]}>
            <span>{t("sure", { p: format.number(one.confidence, { style: "percent" }) })}</span>
            <span>
              {t("began")} <Before at={at} then={one.began} />
            </span>
            <span className={one.holder ? undefined : styles["nobody"]}>
              {one.holder ? t("holder", { name: one.holder }) : t("nobody")}
            </span>
          </p>
        </li>
      ))}
      {scene.incidents.length > most && (
        <li>
          <Link href="/incidents">{t("moreIncidents", { n: scene.incidents.length - most })}</Link>
        </li>
      )}
    </ol>
  );
}

export function TopAlarms({ scene, at, most, select }: Props & { select: ((asset: string) => void) | null }) {
  const t = useTranslations("picture");
  if (!scene.alarms.length) return <Empty>{t("noAlarms")}</Empty>;
  return (
    <ol className={styles["list"]}>
      {scene.alarms.slice(0, most).map((one) => (
        <li key={one.id} className={styles["alarm"]}>
          <SeverityMark severity={one.severity} text={false} calling={waits(one)} />
          <div>
            <Link href={`/alarms/${one.id}`} className={styles["title"]}>
              {one.title}
            </Link>
            <p className={styles["facts"]}>
              <AlarmStateMark state={one.state} />
              <Before at={at} then={one.raised} />
              {select &&
                one.assets.slice(0, 2).map((asset) => (
                  <button key={asset} type="button" className={styles["chip"]} onClick={() => select(asset)}>
                    {asset}
                  </button>
                ))}
            </p>
          </div>
        </li>
      ))}
      {scene.alarms.length > most && (
        <li>
          <Link href="/alarms">{t("moreAlarms", { n: scene.alarms.length - most })}</Link>
        </li>
      )}
    </ol>
  );
}

export function Sources({ sources }: { sources: readonly SceneSource[] }) {
  const t = useTranslations("picture");
  if (!sources.length) return <Empty>{t("noSources")}</Empty>;
  return (
    <ul className={styles["sources"]}>
      {sources.map((one) => (
        <li key={one.source} data-health={one.state} title={one.detail}>
          <Link href={`/health/sources/${encodeURIComponent(one.source)}`}>{one.source}</Link>{" "}
          <HealthMark state={one.state} />
        </li>
      ))}
    </ul>
  );
}
