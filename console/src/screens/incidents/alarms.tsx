/** The alarms of an incident, as they stand; all that wait are acknowledged at once. */
import { useMutation } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { alarms } from "../../api/live";
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
import { newKey } from "./use";

const SHOWN = 50;
const MOST = 10_000;
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

/** One act on all that wait. Their state follows when fusion has taken it; until then they count as asked for. */
function AcknowledgeAll({ alarms: mine }: { alarms: readonly Alarm[] }) {
  const t = useTranslations("incidents.alarms");
  const keys = useTranslations("incidents.key");
  const [asked, setAsked] = useState<ReadonlyMap<string, number>>(new Map());
  const waiting = mine.filter((one) => waits(one) && asked.get(one.id) !== one.version);
  const act = useMutation({
    mutationFn: (ids: string[]) => {
      const body = { action: "acknowledge" as const, alarms: ids, comment: "", to: null, until: null };
      return ask(api.POST("/api/v1/alarms/acts", { params: { header: { "idempotency-key": newKey() } }, body }));
    },
    onMutate: () => new Map(waiting.map((one) => [one.id, one.version])),
    onSuccess: (result, _ids, versions) => {
      setAsked(versions);
      say(t("acked", { n: Object.values(result.outcomes).filter((one) => one === "done").length }));
    },
    onError: (error) => sayFailed(t("ackFailed"), error),
  });
  const run = () => waiting.length > 0 && !act.isPending && act.mutate(waiting.slice(0, MOST).map((one) => one.id));
  const allowed = may("act.alarms");
  useShortcuts(allowed ? [{ keys: "shift+a", label: keys("ack"), run }] : []);
  if (!allowed) return null;
  if (waiting.length === 0) return mine.length > 0 ? <span className={styles["soft"]}>{t("allAcked")}</span> : null;
  return (
    <Button className={styles["screenOnly"]} disabled={act.isPending} onClick={run}>
      {t("ackAll", { n: waiting.length })}
    </Button>
  );
}
