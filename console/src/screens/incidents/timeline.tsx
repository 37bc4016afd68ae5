/** What happened, of all kinds, in one order: as lanes over time, or as a list; from each line to its raw record. */
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import type { IncidentDetail } from "../../api/types";
import { keep, kept } from "../../app/preferences";
import { Button, Choice } from "../../ui/button";
import { evidencePath, signalPath } from "../../ui/link";
import { SeverityMark } from "../../ui/marks";
import { Panel } from "../../ui/panel";
import { Time } from "../../ui/time";
import { type Entry, entriesOf } from "./entries";
import styles from "./incidents.module.css";
import { Lanes } from "./lanes";
import { useActSentence } from "./words";

const FORMS = ["lanes", "list"] as const;
const KEPT = "incidents.timeline";
const AROUND_MS = 30 * 60_000;

export function Timeline({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.timeline");
  const [form, setForm] = useState(() => FORMS.find((one) => one === kept(KEPT)) ?? "lanes");
  const tasks = useMemo(
    () => new Map(incident.handling.tasks.map((task) => [task.id, task.text])),
    [incident.handling.tasks],
  );
  const sentence = useActSentence(tasks);
  const entries = useMemo(() => entriesOf(incident, sentence), [incident, sentence]);
  const more = incident.timeline_total - incident.timeline.length;
  const choose = (
    <Choice legend={t("form")}>
      {FORMS.map((one) => (
        <Button
          key={one}
          aria-pressed={one === form}
          onClick={() => {
            keep(KEPT, one);
            setForm(one);
          }}
        >
          {t(one)}
        </Button>
      ))}
    </Choice>
  );
  return (
    <Panel
      title={
        <span id="timeline" className={styles["anchor"]}>
          {t("title")}
        </span>
      }
      aside={choose}
    >
      {form === "lanes" && <Lanes entries={entries} />}
      <ol className={form === "lanes" ? styles["printOnly"] : styles["story"]}>
        {entries.map((entry) => (
          <li key={entry.key}>
            <Line entry={entry} />
          </li>
        ))}
      </ol>
      {more > 0 && <p className={styles["hint"]}>{t("more", { n: more })}</p>}
    </Panel>
  );
}

/** One entry with its links: the raw records first, for they are what it rests on. */
export function Line({ entry }: { entry: Entry }) {
  const t = useTranslations("incidents.timeline");
  const kinds = useTranslations("ui.kind");
  return (
    <div className={styles["line"]}>
      <span className={styles["when"]}>
        <Time at={entry.iso} form="full" />
        <span className={styles["soft"]}>{entry.lane === "acts" ? t("acts") : kinds(entry.lane)}</span>
      </span>
      <span className={styles["lineMark"]}>
        {entry.severity && <SeverityMark severity={entry.severity} text={false} />}
      </span>
      <span className={styles["lineText"]}>
        {entry.text}
        <RecordLinks entry={entry} />
      </span>
    </div>
  );
}

function RecordLinks({ entry }: { entry: Entry }) {
  const t = useTranslations("incidents.timeline");
  const kinds = useTranslations("evidence.kind");
  const named = (kind: string) =>
    kind === "access" || kind === "login" || kind === "gas" || kind === "switch" || kind === "report"
      ? kinds(kind)
      : kinds("other", { kind });
  const span = (signal: string) => ({
    signal,
    begin: new Date(entry.at - AROUND_MS).toISOString(),
    end: new Date(entry.at + AROUND_MS).toISOString(),
  });
  return (
    <span className={styles["links"]}>
      {entry.raw.map((raw) => (
        <Link key={raw.id} href={evidencePath(raw.id)}>
          {t("rawOf", { kind: named(raw.kind), source: raw.source })}
        </Link>
      ))}
      {entry.raw.flatMap((raw) =>
        Object.entries(raw.blobs ?? {}).map(([digest, href]) => (
          <a key={digest} href={href} target="_blank" rel="noreferrer">
            {t("picture")}
          </a>
        )),
      )}
      {entry.signals.slice(0, 3).map((signal) => (
        <Link key={signal} href={signalPath(span(signal))}>
          {t("chart", { signals: signal })}
        </Link>
      ))}
      <Link href={evidencePath(entry.evidence)}>{entry.lane === "acts" ? t("raw") : t("detection")}</Link>
    </span>
  );
}
