/** The signals of an asset, with the newest value of each in the plant's unit. */
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { may } from "../../api/session";
import type { AssetDetail, Signal } from "../../api/types";
import { HealthMark } from "../../ui/marks";
import { Panel } from "../../ui/panel";
import table from "../../ui/table.module.css";
import { Age } from "../../ui/time";
import { written } from "../../ui/unit";
import { useWord } from "../../ui/word";
import styles from "./site.module.css";

export function SignalPanel({ asset }: { asset: AssetDetail }) {
  const t = useTranslations("site.asset");
  const signals = asset.signals as Signal[];
  return (
    <Panel title={t("signals")} className={styles["double"] ?? ""} flush>
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
                <Row key={one.id} signal={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Row({ signal }: { signal: Signal }) {
  const format = useFormatter();
  const word = useWord();
  const number = (value: number) => format.number(value, { maximumFractionDigits: digits(signal.resolution) });
  const limits = (["low_low", "low", "high", "high_high"] as const)
    .map((name) => ({ name, value: signal.limits[name] }))
    .filter((one): one is { name: "low"; value: number } => typeof one.value === "number");
  return (
    <tr>
      <th scope="row" className={styles["tag"]}>
        {may("see.process") ? <Link href={`/signals/${encodeURIComponent(signal.id)}`}>{signal.id}</Link> : signal.id}
        {signal.name && <div className={styles["soft"]}>{signal.name}</div>}
      </th>
      <td>{word(`site.signalKind.${signal.kind}`, signal.kind)}</td>
      <td className={table["number"]}>
        {typeof signal.value === "number" ? `${number(signal.value)} ${written(signal.unit)}` : "–"}
        {signal.health.last_seen && (
          <div className={styles["soft"]}>
            <Age at={signal.health.last_seen} />
          </div>
        )}
      </td>
      <td className={styles["limits"]}>
        {limits.length === 0 && "–"}
        {limits.map((one) => (
          <span key={one.name}>
            {SHORT[one.name]} {number(one.value)}
          </span>
        ))}
      </td>
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
