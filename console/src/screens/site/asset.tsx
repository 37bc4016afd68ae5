/** One asset: its state, what the model says of it, its signals and alarms, and what it hangs together with. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { alarms } from "../../api/live";
import { asProblem } from "../../api/problem";
import { useSite } from "../../api/site";
import type { AssetDetail } from "../../api/types";
import { AlarmStateMark, HealthMark, SeverityMark } from "../../ui/marks";
import { Fact, Facts, Panel } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import { Age } from "../../ui/time";
import { written } from "../../ui/unit";
import { useWord } from "../../ui/word";
import { zoneNames } from "./assets";
import { type FactValue, fieldsOf } from "./facts";
import { ThingLink, ThingLinks } from "./links";
import { RelationPanels } from "./relations";
import { SignalPanel } from "./signals";
import styles from "./site.module.css";

const REFRESH_MS = 10_000;

export function AssetPage({ id }: { id: string }) {
  const t = useTranslations("site.asset");
  const path = { asset: id };
  const { data, error, refetch } = useQuery({
    queryKey: ["asset", id],
    queryFn: () => ask(api.GET("/api/v1/assets/{asset}", { params: { path } })),
    refetchInterval: REFRESH_MS,
  });
  const relations = useQuery({
    queryKey: ["relations", id],
    queryFn: () => ask(api.GET("/api/v1/assets/{asset}/relations", { params: { path } })),
    refetchInterval: REFRESH_MS,
  });
  if (error && !data) {
    if (asProblem(error).status === 404) return <Empty>{t("gone", { id })}</Empty>;
    return <Failed error={error} again={() => void refetch()} />;
  }
  if (!data) return <Loading />;
  const asset = data as AssetDetail;
  return (
    <>
      <p>
        <Link href="/site/assets">← {t("back")}</Link>
      </p>
      <Head asset={asset} />
      <div className={styles["columns"]}>
        <OpenAlarms id={id} />
        <SignalPanel asset={asset} />
        <Model asset={asset} />
        <Connections asset={asset} />
        {relations.data && <RelationPanels relations={relations.data} />}
        {relations.error && <Failed error={relations.error} again={() => void relations.refetch()} />}
      </div>
    </>
  );
}

function Head({ asset }: { asset: AssetDetail }) {
  const t = useTranslations("site");
  const word = useWord();
  const zones = zoneNames(useSite()?.model);
  const inProcess = asset.connections.length > 0;
  return (
    <div className={styles["head"]}>
      <h2>
        {asset.id} {asset.name && asset.name !== asset.id && <span className={styles["soft"]}>{asset.name}</span>}
      </h2>
      <span>{word(`site.type.${asset.type}`, asset.type)}</span>
      {asset.zone && (
        <span>
          {t("asset.zone")}: {zones.get(asset.zone) ?? asset.zone}
        </span>
      )}
      {asset.security_zone && (
        <span>
          {t("asset.securityZone")}: <Link href="/site/zones">{asset.security_zone}</Link>
        </span>
      )}
      <span>
        {t("asset.criticality")}: {t("asset.ofFive", { n: asset.criticality })}
      </span>
      {asset.health ? <HealthMark state={asset.health} /> : <span className={styles["soft"]}>{t("asset.untold")}</span>}
      <Link href={`/?asset=${encodeURIComponent(asset.id)}`}>{t("asset.onMap")}</Link>
      {inProcess && (
        <Link href={`/site/graph/process?around=${encodeURIComponent(asset.id)}`}>{t("asset.inGraph")}</Link>
      )}
    </div>
  );
}

function OpenAlarms({ id }: { id: string }) {
  const t = useTranslations("site.asset");
  const all = useCell(alarms);
  const open = [...all.values()]
    .filter((one) => one.state !== "closed" && one.assets.includes(id))
    .sort((a, b) => a.priority - b.priority || b.raised.localeCompare(a.raised));
  const aside = <Link href={`/alarms?asset=${encodeURIComponent(id)}`}>{t("allAlarms")}</Link>;
  return (
    <Panel title={t("alarms")} aside={aside}>
      {open.length === 0 && <p className={styles["soft"]}>{t("noAlarms")}</p>}
      <ul className={styles["lines"]}>
        {open.map((one) => (
          <li key={one.id}>
            <SeverityMark severity={one.severity} calling={one.state === "unacknowledged"} />
            <Link href={`/alarms/${encodeURIComponent(one.id)}`}>{one.title}</Link>
            <AlarmStateMark state={one.state} />
            <Age at={one.raised} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

interface Interface {
  network: string;
  address: string;
  protocol?: string;
  port?: number;
}

function Model({ asset }: { asset: AssetDetail }) {
  const t = useTranslations("site");
  const word = useWord();
  const fields = fieldsOf(asset.model);
  const interfaces = (asset.model["interfaces"] ?? []) as Interface[];
  if (fields.length === 0 && interfaces.length === 0) {
    return (
      <Panel title={t("asset.facts")}>
        <p className={styles["soft"]}>{t("asset.noFacts")}</p>
      </Panel>
    );
  }
  return (
    <Panel title={t("asset.facts")}>
      <Facts>
        {fields.map((one) => (
          <Fact key={one.name} term={word(`site.field.${one.name}`, one.name)}>
            <Value value={one.value} />
          </Fact>
        ))}
        {interfaces.map((one) => (
          <Fact key={one.network + one.address} term={t("asset.interfaces")}>
            {[one.network, one.address, one.protocol, one.port && `:${one.port}`].filter(Boolean).join(" ")}
          </Fact>
        ))}
      </Facts>
    </Panel>
  );
}

function Value({ value }: { value: FactValue }): ReactNode {
  const t = useTranslations("site.asset");
  const format = useFormatter();
  const word = useWord();
  const site = useSite();
  switch (value.kind) {
    case "number":
      return `${format.number(value.value, { maximumSignificantDigits: 6 })} ${written(value.unit)}`;
    case "lel":
      return t("lel", { n: value.percent });
    case "asset":
      return <ThingLink id={value.id} />;
    case "zone":
      return zoneNames(site?.model).get(value.id) ?? value.id;
    case "substance": {
      const substances = (site?.model["substances"] ?? []) as { id: string; name: string; seveso?: string[] }[];
      const found = substances.find((one) => one.id === value.id);
      return found ? `${found.name}${found.seveso?.length ? ` (Seveso ${found.seveso.join(", ")})` : ""}` : value.id;
    }
    case "word":
      return word(`site.fieldValue.${value.word}`, value.word);
    case "flag":
      return value.value ? t("yes") : t("no");
    case "points":
      return t("points", { n: value.count });
    case "text":
      return value.text;
  }
}

function Connections({ asset }: { asset: AssetDetail }) {
  const t = useTranslations("site.asset");
  return (
    <Panel title={t("connections")}>
      {asset.connections.length === 0 && <p className={styles["soft"]}>{t("noConnections")}</p>}
      <ul className={styles["lines"]}>
        {asset.connections.map((one) => (
          <li key={one.id}>
            <span>
              <ThingLink id={one.begins} /> {one.two_way ? "⇄" : "→"} <ThingLink id={one.ends} />
            </span>
            {one.through.length > 0 && (
              <span className={styles["soft"]}>
                {t.rich("through", { list: () => <ThingLinks ids={one.through} /> })}
              </span>
            )}
            {one.flow && (
              <span className={styles["soft"]}>
                {t.rich("measured", {
                  signal: () => <Link href={`/signals/${encodeURIComponent(one.flow ?? "")}`}>{one.flow}</Link>,
                })}
              </span>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
