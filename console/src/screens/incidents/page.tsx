/** One incident: what we think it is and why, what to do first, what happened, who has it, and how it ended. */
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { asProblem } from "../../api/problem";
import { useSite } from "../../api/site";
import type { IncidentDetail } from "../../api/types";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../ui/button";
import { assetPath, incidentPath } from "../../ui/link";
import { SeverityMark } from "../../ui/marks";
import { Fact, Facts, Panel, ScreenHead } from "../../ui/panel";
import { useKeptScroll } from "../../ui/scroll";
import { Empty, Failed, Loading } from "../../ui/states";
import { Age, Time } from "../../ui/time";
import { IncidentAlarms } from "./alarms";
import { Findings } from "./findings";
import { HandlingPanel } from "./handling";
import styles from "./incidents.module.css";
import { PrintHead } from "./print";
import { sentencesOf } from "./sentences";
import { Timeline } from "./timeline";
import { useIncident } from "./use";
import { Weighed } from "./weighed";
import { HandlingMark, Kinds, Sure, useOwnerName } from "./words";

const MOST_ASSETS = 12;

export function IncidentPage({ id }: { id: string }) {
  const t = useTranslations("incidents");
  const { data, error, refetch } = useIncident(id);
  useKeptScroll(incidentPath(id), data !== undefined);
  if (data) return <Whole incident={data} />;
  if (error) {
    return asProblem(error).status === 404 ? (
      <>
        <Empty>{t("page.gone")}</Empty>
        <Link href="/incidents">{t("page.back")}</Link>
      </>
    ) : (
      <Failed error={error} again={() => void refetch()} />
    );
  }
  return <Loading />;
}

function Whole({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents");
  const print = () => window.print();
  useShortcuts([{ keys: "p", label: t("key.print"), run: print }]);
  return (
    <article className={styles["page"]}>
      <PrintHead incident={incident} />
      <div className={styles["crumb"]}>
        <Link href="/incidents">← {t("page.back")}</Link>
      </div>
      <ScreenHead title={incident.title}>
        <SeverityMark severity={incident.severity} />
        <HandlingMark handling={incident.handling} />
        <Button onClick={print} className={styles["screenOnly"]}>
          {t("page.print")}
        </Button>
      </ScreenHead>
      <Superseded incident={incident} />
      <div className={styles["columns"]}>
        <div className={styles["top"]}>
          <Panel title={t("page.first")} className={styles["first"]}>
            <p className={styles["lead"]}>{incident.first}</p>
          </Panel>
          <Panel title={t("page.why")}>
            <Story text={incident.why} />
          </Panel>
        </div>
        <div className={styles["right"]}>
          <Glance incident={incident} />
          <HandlingPanel incident={incident} />
          <Affected incident={incident} />
        </div>
        <div className={styles["rest"]}>
          <Timeline incident={incident} />
          <Weighed incident={incident} />
          <Findings incident={incident} />
          <Checks incident={incident} />
          <IncidentAlarms incident={incident} />
        </div>
      </div>
    </article>
  );
}

/** The first sentence says it all; the others are what was seen, one a line: a wall of text isn't read at night. */
function Story({ text }: { text: string }) {
  const [first, ...rest] = useMemo(() => sentencesOf(text), [text]);
  return (
    <>
      <p className={styles["text"]}>{first}</p>
      {rest.length > 0 && (
        <ul className={`${styles["bullets"]} ${styles["text"]}`}>
          {rest.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Superseded({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.page");
  if (!incident.superseded_by) return null;
  const withdrawn = !("superseded_by" in incident.links);
  return (
    <p className={styles["notice"]} role="status">
      {withdrawn ? t("withdrawn") : t("superseded")}{" "}
      {!withdrawn && <Link href={incidentPath(incident.superseded_by)}>{t("goto")}</Link>}
    </p>
  );
}

function Glance({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents");
  const named = useOwnerName();
  return (
    <Panel title={t("page.facts")}>
      <Facts>
        <Fact term={t("page.sure")}>
          <Sure incident={incident} />
          <p className={styles["hint"]}>{t.rich("page.sureHint", { a: (inner) => <a href="#weighed">{inner}</a> })}</p>
        </Fact>
        <Fact term={t("page.kinds")}>
          <Kinds kinds={incident.source_kinds} />
        </Fact>
        <Fact term={t("column.owner")}>{named(incident.handling.owner)}</Fact>
        <Fact term={t("page.began")}>
          <Time at={incident.began} zone />{" "}
          <span className={styles["soft"]}>
            (<Age at={incident.began} />)
          </span>
        </Fact>
        <Fact term={t("page.firstAlarm")}>
          <Time at={incident.first_alarm} />
        </Fact>
        <Fact term={t("page.updated")}>
          <Time at={incident.updated} />
          <p className={styles["hint"]}>{t(`evidenceState.${incident.state}`)}</p>
        </Fact>
        <Fact term={t("page.evidence")}>
          <a href="#timeline">{t("page.detections", { n: incident.detections_total })}</a>
        </Fact>
        <Fact term={t("page.techniques")}>
          {incident.techniques.length ? <code>{incident.techniques.join(", ")}</code> : t("page.noTechniques")}
        </Fact>
      </Facts>
      {incident.aliases.length > 0 && (
        <p className={styles["hint"]}>{t("page.aliases", { n: incident.aliases.length })}</p>
      )}
    </Panel>
  );
}

function Affected({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.page");
  const names = useAssetNames();
  const more = incident.assets.length - MOST_ASSETS;
  return (
    <Panel title={t("assets")}>
      <ul className={styles["plain"]}>
        {incident.assets.slice(0, MOST_ASSETS).map((asset) => (
          <li key={asset}>
            {names.has(asset) ? <Link href={assetPath(asset)}>{asset}</Link> : asset}{" "}
            <span className={styles["soft"]}>{names.get(asset)}</span>
          </li>
        ))}
      </ul>
      {more > 0 && <p className={styles["hint"]}>{t("assetsMore", { n: more })}</p>}
    </Panel>
  );
}

/** What assets are called, by id. */
function useAssetNames(): ReadonlyMap<string, string> {
  const site = useSite();
  return useMemo(() => {
    const assets: unknown = site?.model["assets"];
    const known = Array.isArray(assets) ? (assets as { id: string; name?: string }[]) : [];
    return new Map(known.map((one) => [one.id, one.name ?? ""]));
  }, [site]);
}

function Checks({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.checks");
  if (incident.checks.length === 0) return null;
  return (
    <Panel title={t("title")}>
      <ul className={styles["checks"]}>
        {incident.checks.map((check) => (
          <li key={check.rule}>
            <h3>{t("of", { title: check.title, n: check.alarms })}</h3>
            <p>{check.first_check}</p>
            {check.benign_causes.length > 0 && (
              <details>
                <summary>{t("benign")}</summary>
                <ul className={styles["bullets"]}>
                  {check.benign_causes.map((cause) => (
                    <li key={cause}>{cause}</li>
                  ))}
                </ul>
              </details>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
