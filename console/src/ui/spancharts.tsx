/** Charts of the signals of some findings, one below the other over one stretch of time. */
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import type { components } from "../api/schema";
import { may } from "../api/session";
import { SignalChart } from "./charts";
import { signalPath } from "./link";
import styles from "./parts.module.css";

type Span = components["schemas"]["Span"];

const MOST = 6;
const AROUND_MS = 30 * 60_000;
const HEIGHT = 130;

interface Props {
  spans: readonly Span[];
  /** Charts of one key share their cursor. */
  sync: string;
}

export function SpanCharts({ spans, sync }: Props) {
  const t = useTranslations("ui.parts");
  const { view, signals } = useMemo(() => {
    const begins = spans.map((one) => Date.parse(one.begin));
    const ends = spans.map((one) => Date.parse(one.end));
    return {
      view: { from: Math.min(...begins) - AROUND_MS, to: Math.max(...ends) + AROUND_MS },
      signals: [...new Set(spans.map((one) => one.signal))],
    };
  }, [spans]);
  if (signals.length === 0 || !may("see.process")) return null;
  const asked = { begin: new Date(view.from).toISOString(), end: new Date(view.to).toISOString() };
  return (
    <div className={styles["charts"]}>
      {signals.slice(0, MOST).map((signal) => (
        <figure key={signal}>
          <figcaption>
            <Link href={signalPath({ signal, ...asked })}>{t("open", { signal })}</Link>
          </figcaption>
          <SignalChart signal={signal} view={view} height={HEIGHT} compact expected sync={sync} />
        </figure>
      ))}
      {signals.length > MOST && (
        <p>
          {signals.slice(MOST).map((signal) => (
            <Link key={signal} href={signalPath({ signal, ...asked })}>
              {signal}{" "}
            </Link>
          ))}
        </p>
      )}
    </div>
  );
}
