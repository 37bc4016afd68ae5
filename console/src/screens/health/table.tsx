/** Sources: how each stands, how often it should speak and does, how old what it says is, and whether its rows balance. */
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { useCell } from "../../api/cell";
import { link, pulse } from "../../api/live";
import { may } from "../../api/session";
import type { SourceHealth } from "../../api/types";
import { HealthMark } from "../../ui/marks";
import table from "../../ui/table.module.css";
import { Age, useDuration } from "../../ui/time";
import { useWord } from "../../ui/word";
import styles from "./health.module.css";
import { watched } from "./shown";

export function SourceTable({ sources, caption }: { sources: readonly SourceHealth[]; caption?: string }) {
  const t = useTranslations("health.sources");
  return (
    <table className={`${table["table"]} ${table["cards"]} ${styles["sources"]}`}>
      {caption && <caption>{caption}</caption>}
      <thead>
        <tr>
          <th scope="col">{t("source")}</th>
          <th scope="col">{t("state")}</th>
          <th scope="col">{t("seen")}</th>
          <th scope="col">{t("every")}</th>
          <th scope="col">{t("lag")}</th>
          <th scope="col">{t("members")}</th>
          <th scope="col">{t("rows")}</th>
        </tr>
      </thead>
      <tbody>
        {sources.map((one) => (
          <Row key={one.source} source={one} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ source }: { source: SourceHealth }) {
  const t = useTranslations("health.sources");
  const words = useTranslations("ui");
  const duration = useDuration();
  const word = useWord();
  const format = useFormatter();
  const isWatched = watched(useCell(pulse), useCell(link));
  const every = source.every_s ?? 0;
  return (
    <tr>
      <th scope="row">
        <Link href={`/health/sources/${encodeURIComponent(source.source)}`}>{source.source}</Link>
        <div className={styles["soft"]}>
          {source.kind && words(`kind.${source.kind}`)} {source.connector && t("by", { connector: source.connector })}
        </div>
      </th>
      <td data-label={t("state")}>
        <HealthMark state={source.state} />
        <div className={styles["soft"]}>
          {!isWatched && source.told !== "unknown" && t("was", { state: words(`health.${source.told}`) })}
          {isWatched && source.told !== "live" && source.detail}
          {source.kind && !source.connector && source.told === "unknown" && t("unconnected")}
        </div>
      </td>
      <td data-label={t("seen")}>
        <Age at={source.last_seen} />
      </td>
      <td data-label={t("every")}>
        {every > 0 && source.cadence_s ? duration(every * 1000) : "–"}
        <div className={styles["soft"]}>
          {source.cadence_s
            ? t("expected", { every: duration(source.cadence_s * 1000) })
            : source.kind
              ? t("noCadence")
              : ""}
        </div>
      </td>
      <td data-label={t("lag")}>
        {source.lag_s ? duration(source.lag_s * 1000) : "–"}
        {(source.clock_ahead_s ?? 0) > 0.5 && (
          <div className={styles["soft"]}>{t("ahead", { s: duration((source.clock_ahead_s ?? 0) * 1000) })}</div>
        )}
      </td>
      <td data-label={t("members")}>
        {Object.entries(source.counts)
          .filter(([, n]) => n > 0)
          .map(([state, n]) => `${format.number(n)} ${word(`ui.health.${state}`, state)}`)
          .join(" · ") || "–"}
      </td>
      <td data-label={t("rows")}>
        <Balance source={source} />
      </td>
    </tr>
  );
}

function Balance({ source }: { source: SourceHealth }) {
  const t = useTranslations("health.sources");
  const { balance } = source;
  if (!balance) return "–";
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, one) => all + one, 0);
  const refused = sum(balance.quarantined) + sum(balance.cells_refused);
  const told = t("refused", { n: refused });
  return (
    <>
      {t("balance", { accepted: balance.accepted, read: balance.read })}
      <div className={styles["soft"]}>
        {!balance.balances && <strong>{t("unbalanced")} </strong>}
        {refused > 0 &&
          (may("see.quarantine") ? (
            <Link href={`/quarantine?source=${encodeURIComponent(source.source)}`}>{told}</Link>
          ) : (
            told
          ))}
        {(source.overdue ?? 0) > 0 && <span> · {t("overdue", { n: source.overdue ?? 0 })}</span>}
        {source.missing > 0 && <span> · {t("missing", { n: source.missing })}</span>}
      </div>
    </>
  );
}
