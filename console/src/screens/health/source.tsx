/** One source: what it is, whether its rows balance, and how each of its members stands. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { health, link, pulse } from "../../api/live";
import { asProblem } from "../../api/problem";
import { may } from "../../api/session";
import { useSite } from "../../api/site";
import type { SourceDetail } from "../../api/types";
import { BalanceSheet } from "../../ui/balance";
import { HealthMark } from "../../ui/marks";
import { Fact, Facts, Panel } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import table from "../../ui/table.module.css";
import { Age, useDuration } from "../../ui/time";
import styles from "./health.module.css";
import { shownState, watched } from "./shown";

const REFRESH_MS = 5_000;
const SHOWN = 500;

export default function SourcePage({ id }: { id: string }) {
  const t = useTranslations("health");
  const { data, error, refetch } = useQuery({
    queryKey: ["source", id],
    queryFn: () => ask(api.GET("/api/v1/health/sources/{source}", { params: { path: { source: id } } })),
    refetchInterval: REFRESH_MS,
  });
  if (error && !data) {
    if (asProblem(error).status === 404) return <Empty>{t("source.gone", { id })}</Empty>;
    return <Failed error={error} again={() => void refetch()} />;
  }
  if (!data) return <Loading />;
  const source = data as SourceDetail;
  return (
    <>
      <p>
        <Link href="/health">← {t("source.back")}</Link>
      </p>
      <div className={styles["overview"]}>
        <AboutSource source={source} />
        <BalancePanel source={source} />
        <Members source={source} />
      </div>
    </>
  );
}

function AboutSource({ source }: { source: SourceDetail }) {
  const t = useTranslations("health");
  const words = useTranslations("ui");
  const duration = useDuration();
  const isWatched = watched(useCell(pulse), useCell(link));
  const told = useCell(health).get(source.source)?.told ?? source.told;
  const every = source.every_s ?? 0;
  return (
    <Panel title={source.source}>
      <Facts>
        <Fact term={t("sources.state")}>
          <HealthMark state={shownState(told, isWatched)} /> <span className={styles["soft"]}>{source.detail}</span>
        </Fact>
        {source.kind && <Fact term={t("source.kind")}>{words(`kind.${source.kind}`)}</Fact>}
        {source.kind && (
          <Fact term={t("source.connector")}>
            {source.connector ?? (told === "unknown" ? t("sources.unconnected") : t("sources.replayed"))}
          </Fact>
        )}
        <Fact term={t("sources.seen")}>
          <Age at={source.last_seen} />
        </Fact>
        <Fact term={t("sources.every")}>
          {every > 0 && source.cadence_s ? duration(every * 1000) : "–"}{" "}
          <span className={styles["soft"]}>
            {source.cadence_s
              ? t("sources.expected", { every: duration(source.cadence_s * 1000) })
              : t("sources.noCadence")}
          </span>
        </Fact>
        <Fact term={t("sources.lag")}>{source.lag_s ? duration(source.lag_s * 1000) : "–"}</Fact>
        <Fact term={t("source.newest")}>
          <Age at={source.newest} />
        </Fact>
      </Facts>
    </Panel>
  );
}

function BalancePanel({ source }: { source: SourceDetail }) {
  const t = useTranslations("health");
  const quarantine = may("see.quarantine") && (
    <Link href={`/quarantine?source=${encodeURIComponent(source.source)}`}>{t("parts.quarantine")}</Link>
  );
  return (
    <Panel title={t("source.balance")} aside={quarantine}>
      <BalanceSheet balance={source.balance} source={source.source} />
    </Panel>
  );
}

function Members({ source }: { source: SourceDetail }) {
  const t = useTranslations("health.source");
  const duration = useDuration();
  const site = useSite();
  const isWatched = watched(useCell(pulse), useCell(link));
  const [abnormal, setAbnormal] = useState(false);
  const signals = new Set(((site?.model["signals"] ?? []) as { id: string }[]).map((one) => one.id));
  const all = Object.entries(source.members).map(([name, one]) => ({
    name,
    ...one,
    state: shownState(one.told, isWatched),
  }));
  const shown = abnormal ? all.filter((one) => one.state !== "live") : all;
  return (
    <Panel
      title={t("members")}
      className={styles["wide"] ?? ""}
      aside={
        <>
          <span className={styles["soft"]}>{t("count", { shown: shown.length, total: all.length })}</span>
          <label className={styles["row"]}>
            <input type="checkbox" checked={abnormal} onChange={(event) => setAbnormal(event.target.checked)} />
            {t("abnormal")}
          </label>
        </>
      }
      flush
    >
      {all.length === 0 && <p className={styles["pad"]}>{t("none")}</p>}
      {shown.length > 0 && (
        <div className={table["scroll"]}>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("member")}</th>
                <th scope="col">{t("state")}</th>
                <th scope="col">{t("seen")}</th>
                <th scope="col">{t("cadence")}</th>
                <th scope="col">{t("detail")}</th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, SHOWN).map((one) => (
                <tr key={one.name}>
                  <th scope="row">
                    {signals.has(one.name) && may("see.process") ? (
                      <Link href={`/signals/${encodeURIComponent(one.name)}`}>{one.name}</Link>
                    ) : (
                      one.name
                    )}
                  </th>
                  <td>
                    <HealthMark state={one.state} />
                  </td>
                  <td>
                    <Age at={one.last_seen} />
                  </td>
                  <td>{one.cadence_s ? duration(one.cadence_s * 1000) : "–"}</td>
                  <td>{one.detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
