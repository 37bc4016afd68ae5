/** The alarms of an incident, as they stand; all that wait are acknowledged at once. */
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { alarms, take } from "../../api/live";
import { may } from "../../api/session";
import type { Alarm, IncidentDetail } from "../../api/types";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../ui/button";
import { evidencePath } from "../../ui/link";
import { AlarmStateMark, SeverityMark } from "../../ui/marks";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";
import { Time } from "../../ui/time";
import { say, sayFailed } from "../../ui/toast";
import styles from "./incidents.module.css";

const SHOWN = 50;
const AT_ONCE = 4;
const RANK = { critical: 0, high: 1, medium: 2, low: 3, info: 4 } as const;

const waits = (alarm: Alarm) =>
  (alarm.state === "unacknowledged" || alarm.state === "returned") && (alarm.pending?.length ?? 0) === 0;

export function IncidentAlarms({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.alarms");
  const all = useCell(alarms);
  const mine = useMemo(
    () =>
      [...all.values()]
        .filter((one) => one.incident === incident.id)
        .sort(
          (one, other) =>
            Number(waits(other)) - Number(waits(one)) ||
            RANK[one.severity] - RANK[other.severity] ||
            other.raised.localeCompare(one.raised),
        ),
    [all, incident.id],
  );
  const closed = incident.handling.closing?.at;
  return (
    <Panel title={t("title")} aside={<AcknowledgeAll alarms={mine} />}>
      {mine.length === 0 ? (
        <Empty>{t("none")}</Empty>
      ) : (
        <ul className={styles["alarms"]}>
          {mine.slice(0, SHOWN).map((alarm) => (
            <li key={alarm.id}>
              <SeverityMark severity={alarm.severity} text={false} calling={alarm.state === "unacknowledged"} />
              <div>
                <Link href={evidencePath(alarm.evidence)}>{alarm.title}</Link>
                <p className={styles["soft"]}>{alarm.sentence}</p>
              </div>
              <div className={styles["alarmEnd"]}>
                <AlarmStateMark state={alarm.state} pending={(alarm.pending?.length ?? 0) > 0} />
                <Time at={alarm.raised} form="minute" />
                {closed && Date.parse(alarm.updated) > Date.parse(closed) && <strong>{t("since")}</strong>}
              </div>
            </li>
          ))}
        </ul>
      )}
      {mine.length > SHOWN && (
        <p className={styles["hint"]}>
          {t("more", { n: SHOWN, total: mine.length })}{" "}
          <Link href={`/alarms?incident=${encodeURIComponent(incident.id)}`}>{t("all")}</Link>
        </p>
      )}
    </Panel>
  );
}

function AcknowledgeAll({ alarms: mine }: { alarms: readonly Alarm[] }) {
  const t = useTranslations("incidents.alarms");
  const keys = useTranslations("incidents.key");
  const [done, setDone] = useState<number | null>(null);
  const waiting = mine.filter(waits);
  const run = async () => {
    const queue = [...waiting];
    const whole = queue.length;
    if (whole === 0 || done !== null) return;
    let finished = 0;
    let failed: unknown = null;
    setDone(0);
    const work = async () => {
      for (let alarm = queue.shift(); alarm && !failed; alarm = queue.shift()) {
        try {
          const path = { alarm: alarm.id };
          const result = await ask(
            api.POST("/api/v1/alarms/{alarm}/acknowledge", { params: { path }, body: { comment: "" } }),
          );
          take({ alarms: [result.alarm] });
          setDone(++finished);
        } catch (error) {
          failed ??= error;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    setDone(null);
    if (finished > 0) say(t("acked", { n: finished }));
    if (failed) sayFailed(t("ackFailed"), failed);
  };
  const allowed = may("act.alarms");
  useShortcuts(allowed ? [{ keys: "shift+a", label: keys("ack"), run: () => void run() }] : []);
  if (!allowed) return null;
  if (done !== null) return <span role="status">{t("acking", { done, n: done + waiting.length })}</span>;
  if (waiting.length === 0) return mine.length > 0 ? <span className={styles["soft"]}>{t("allAcked")}</span> : null;
  return (
    <Button className={styles["screenOnly"]} onClick={() => void run()}>
      {t("ackAll", { n: waiting.length })}
    </Button>
  );
}
