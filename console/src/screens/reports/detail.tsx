/** One report: words, place, photo, who sent it as far as anybody may know, to what it belongs, and what is done about it. */
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { useCell } from "../../api/cell";
import { incidents as liveIncidents } from "../../api/live";
import { may } from "../../api/session";
import { useSite } from "../../api/site";
import type { PersonReport, ReportCluster } from "../../api/types";
import { assetPath, incidentPath } from "../../ui/link";
import { SiteMap, type Spot } from "../../ui/map";
import { Fact, Facts, Panel } from "../../ui/panel";
import { Time } from "../../ui/time";
import { Handling } from "./acting";
import { wordless } from "./clusters";
import { stateOf } from "./filter";
import styles from "./reports.module.css";
import { Believed, Confirmed, From, StateMark, useLanguageName } from "./words";

interface Props {
  report: PersonReport;
  /** Those it belongs to. */
  clusters: readonly ReportCluster[];
  /** What else is listed: small on the map. */
  others: readonly PersonReport[];
}

export function Detail({ report, clusters, others }: Props) {
  const t = useTranslations("reports");
  const known = useCell(liveIncidents);
  const incidents = [...new Set([...report.incidents, ...clusters.flatMap((one) => one.incident ?? [])])];
  return (
    <div className={styles["detail"]}>
      <Panel title={t(`kind.${report.category as "other"}`)} aside={<StateMark state={stateOf(report)} />}>
        <blockquote className={styles["text"]} lang={report.language || undefined}>
          {report.text || t("detail.noText")}
        </blockquote>
        <Facts>
          <Fact term={t("detail.number")}>
            <code className={styles["number"]}>{report.number}</code>
          </Fact>
          <Fact term={t("detail.from")}>
            <Sender report={report} />
          </Fact>
          <Fact term={t("detail.when")}>
            <Time at={report.occurred} zone />{" "}
            <span className={styles["soft"]}>
              {t.rich("detail.received", { when: () => <Time at={report.received} form="time" /> })}
            </span>
          </Fact>
          {incidents.length > 0 && (
            <Fact term={t("cluster.incident")}>
              {incidents.map((id) => (
                <Link key={id} href={incidentPath(id)} className={styles["linked"]}>
                  {known.get(id)?.title ?? id}
                </Link>
              ))}
            </Fact>
          )}
        </Facts>
      </Panel>
      <div className={styles["seen"]}>
        <Where report={report} others={others} />
        {report.photo && (
          <Panel title={t("detail.photo")}>
            <Photo key={report.photo} report={report} href={report.photo} />
          </Panel>
        )}
      </div>
      <Handling report={report} incident={incidents[0] ?? null} />
      {clusters.length > 0 && (
        <Panel title={t("cluster.in")}>
          <ul className={styles["belongs"]}>
            {clusters.map((one) => (
              <li key={one.id}>
                <dl className={styles["axes"]}>
                  <Believed cluster={one} />
                  <Confirmed cluster={one} />
                </dl>
                <p className={styles["sentence"]}>{wordless(one.sentence)}</p>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}

/** Role and pseudonym; name and contact only where somebody left them to be answered by. */
function Sender({ report }: { report: PersonReport }) {
  const t = useTranslations("reports.detail");
  const language = useLanguageName();
  const left = [report.name, report.contact].filter(Boolean).join(", ");
  return (
    <>
      <From report={report} />
      {report.language && `, ${t("language", { language: language(report.language) })}`}
      <p className={styles["soft"]}>{report.erased ? t("erased") : `${t("contact")}: ${left || t("noContact")}`}</p>
    </>
  );
}

/** Read through the API by whoever may; browsers keep nothing of it. */
function Photo({ report, href }: { report: PersonReport; href: string }) {
  const t = useTranslations("reports.detail");
  const [broken, setBroken] = useState(false);
  if (broken) return <p>{t("photoGone")}</p>;
  return (
    <a href={href} target="_blank" rel="noreferrer">
      <img
        src={href}
        alt={t("photoAlt", { number: report.number })}
        className={styles["photo"]}
        onError={() => setBroken(true)}
      />
    </a>
  );
}

function Where({ report, others }: { report: PersonReport; others: readonly PersonReport[] }) {
  const t = useTranslations("reports.detail");
  const site = useSite();
  const spots = useMemo(() => spotsOf(report, others), [report, others]);
  const placed = spots.some((one) => one.chosen);
  return (
    <Panel title={t("where")}>
      {report.assets.length > 0 && (
        <p>
          {report.assets.map((asset) => (
            <Link key={asset} href={assetPath(asset)} className={styles["linked"]}>
              {asset}
            </Link>
          ))}
        </p>
      )}
      {!placed && report.assets.length === 0 && <p className={styles["soft"]}>{t("noPlace")}</p>}
      {placed && site && may("see.site") && (
        <>
          <div className={styles["map"]}>
            <SiteMap plan={site.plan} label={t("mapOf", { number: report.number })} spots={spots} names={false} />
          </div>
          <p className={styles["soft"]}>{t("spots", { n: spots.length - 1 })}</p>
        </>
      )}
    </Panel>
  );
}

function spotsOf(report: PersonReport, others: readonly PersonReport[]): Spot[] {
  return [report, ...others.filter((one) => one.number !== report.number)].flatMap((one) =>
    one.latitude === null || one.longitude === null
      ? []
      : [{ id: one.number, longitude: one.longitude, latitude: one.latitude, chosen: one.number === report.number }],
  );
}
