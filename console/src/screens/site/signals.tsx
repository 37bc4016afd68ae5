/** The signals of an asset, with the newest value of each in the plant's unit. */
import { useQuery } from "@tanstack/react-query";
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { api, ask } from "../../api/client";
import { eventNow } from "../../api/clock";
import { may } from "../../api/session";
import type { AssetDetail, History, Signal } from "../../api/types";
import { HealthMark } from "../../ui/marks";
import { Panel } from "../../ui/panel";
import table from "../../ui/table.module.css";
import { Age } from "../../ui/time";
import { useWord } from "../../ui/word";
import styles from "./site.module.css";

const LOOK_BACK_MS = 3_600_000;
const REFRESH_MS = 5_000;

interface Newest {
  value: number;
  at: number;
}

/** The newest value of each signal in the last hour of the event clock. */
function useNewest(ids: readonly string[]): Map<string, Newest> {
  const { data } = useQuery({
    queryKey: ["newest", ...ids],
    enabled: ids.length > 0 && may("see.process"),
    refetchInterval: REFRESH_MS,
    queryFn: async () => {
      const now = eventNow();
      if (now === null) return [];
      const from = new Date(now - LOOK_BACK_MS).toISOString();
      const to = new Date(now + 1000).toISOString();
      const query = { signal: [...ids], from, to, width: 1 };
      return ((await ask(api.GET("/api/v1/history", { params: { query } }))) as History).series;
    },
  });
  const found = new Map<string, Newest>();
  for (const series of data ?? []) {
    const last = series.values.findLastIndex((value) => value !== null);
    const value = series.values[last];
    const at = series.times_ms[last];
    if (typeof value === "number" && at !== undefined) found.set(series.signal, { value, at });
  }
  return found;
}

export function SignalPanel({ asset }: { asset: AssetDetail }) {
  const t = useTranslations("site.asset");
  const signals = asset.signals as Signal[];
  const newest = useNewest(signals.map((one) => one.id));
  return (
    <Panel title={t("signals")} flush>
      {signals.length === 0 ? (
        <p className={styles["empty"]}>{t("noSignals")}</p>
      ) : (
        <div className={table["scroll"]}>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("signal")}</th>
                <th scope="col">{t("kind")}</th>
                <th scope="col" className={table["number"]}>
                  {t("value")}
                </th>
                <th scope="col">{t("limits")}</th>
                <th scope="col">{t("health")}</th>
              </tr>
            </thead>
            <tbody>
              {signals.map((one) => (
                <Row key={one.id} signal={one} newest={newest.get(one.id)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Row({ signal, newest }: { signal: Signal; newest: Newest | undefined }) {
  const format = useFormatter();
  const word = useWord();
  const number = (value: number) => format.number(value, { maximumFractionDigits: digits(signal.resolution) });
  const limits = (["low_low", "low", "high", "high_high"] as const)
    .map((name) => ({ name, value: signal.limits[name] }))
    .filter((one): one is { name: "low"; value: number } => typeof one.value === "number");
  return (
    <tr>
      <th scope="row">
        {may("see.process") ? <Link href={`/signals/${encodeURIComponent(signal.id)}`}>{signal.id}</Link> : signal.id}
        {signal.name && <div className={styles["soft"]}>{signal.name}</div>}
      </th>
      <td>{word(`site.signalKind.${signal.kind}`, signal.kind)}</td>
      <td className={table["number"]}>
        {newest ? `${number(newest.value)} ${signal.unit}` : "–"}
        {newest && (
          <div className={styles["soft"]}>
            <Age at={newest.at} />
          </div>
        )}
      </td>
      <td>{limits.map((one) => `${SHORT[one.name]} ${number(one.value)}`).join(" · ") || "–"}</td>
      <td>
        <HealthMark state={signal.health.state} />
      </td>
    </tr>
  );
}

/** Limits as instruments are marked with them. */
const SHORT: Record<string, string> = { low_low: "LL", low: "L", high: "H", high_high: "HH" };

/** Digits behind the point that an instrument of this resolution can tell. */
function digits(resolution: number): number {
  return resolution > 0 ? Math.min(6, Math.max(0, Math.ceil(-Math.log10(resolution)))) : 3;
}
