/** Anomalous spans of a signal in the view, each with a way to its alarm and its evidence. */
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import type { Episode, Signal } from "../../api/types";
import { Button } from "../../ui/button";
import { MINUTE, type View } from "../../ui/charts";
import { useSpans } from "../../ui/charts/data";
import { SeverityMark } from "../../ui/marks";
import { Empty, Failed, Loading } from "../../ui/states";
import { msOf, Time, useDuration } from "../../ui/time";
import styles from "./signals.module.css";

interface Props {
  signal: Signal;
  view: View;
  onView: (view: View) => void;
}

export function SpanList({ signal, view, onView }: Props) {
  const t = useTranslations("signals");
  const read = useSpans(signal.id, view);
  if (read.error) return <Failed error={read.error} again={() => void read.refetch()} />;
  if (!read.data) return <Loading />;
  const { items, total, since } = read.data;
  return (
    <>
      {items.length === 0 ? (
        <Empty>{t("noSpans")}</Empty>
      ) : (
        <ul className={styles["spans"]}>
          {items.toReversed().map((one) => (
            <li key={one.id}>
              <OneSpan one={one} onView={onView} />
            </li>
          ))}
        </ul>
      )}
      {total > items.length && <p className={styles["foot"]}>{t("moreSpans", { n: total - items.length })}</p>}
      {since && msOf(since) > msOf(read.data.begin) && (
        <p className={styles["foot"]}>
          {t("heldSince")} <Time at={since} zone />
        </p>
      )}
    </>
  );
}

function OneSpan({ one, onView }: { one: Episode; onView: (view: View) => void }) {
  const t = useTranslations("signals");
  const duration = useDuration();
  const [from, to] = [msOf(one.began), msOf(one.cleared ?? one.raised)];
  const around = Math.max(5 * MINUTE, (to - from) / 2);
  return (
    <article className={styles["span"]}>
      <p>
        <SeverityMark severity={one.severity} /> <strong>{one.title}</strong>
      </p>
      <p>{one.sentence}</p>
      <p className={styles["meta"]}>
        <Time at={one.began} zone />{" "}
        {one.cleared ? t("lasted", { for: duration(to - from) }) : <strong>{t("stands")}</strong>}
      </p>
      <p className={styles["links"]}>
        <Button onClick={() => onView({ from: from - around, to: to + around })}>{t("lookAt")}</Button>
        {one.alarm && <Link href={`/alarms/${encodeURIComponent(one.alarm)}`}>{t("alarm")}</Link>}
        <Link href={`/evidence/${encodeURIComponent(one.id)}`}>{t("evidence")}</Link>
      </p>
    </article>
  );
}
