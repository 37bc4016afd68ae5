/** How reports are put in words and signs: how far a cluster is believed, what confirms it, how far a report has got. */
import { useTranslations } from "use-intl";
import type { PersonReport, ReportCluster } from "../../api/types";
import type { ReportState } from "./filter";
import styles from "./reports.module.css";

const STEPS: readonly ReportCluster["credibility"][] = ["unconfirmed", "probable", "corroborated"];

/** The first axis: steps that rise, filled as far as it is believed; a campaign stands outside of them. */
export function Believed({ cluster }: { cluster: ReportCluster }) {
  const t = useTranslations("reports.cluster");
  const { credibility, voices } = cluster;
  const reached = STEPS.indexOf(credibility);
  return (
    <div className={styles["axis"]}>
      <dt>{t("believed")}</dt>
      <dd>
        {reached < 0 ? (
          <svg viewBox="0 0 44 14" className={styles["copies"]} aria-hidden="true">
            {[1, 9, 17, 25].map((x) => (
              <rect key={x} x={x} y="2" width="14" height="10" />
            ))}
          </svg>
        ) : (
          <svg viewBox="0 0 44 14" className={styles["steps"]} aria-hidden="true">
            {STEPS.map((one, i) => (
              <rect key={one} x={1 + i * 15} y={9 - i * 4} width="12" height={4 + i * 4} data-reached={i <= reached} />
            ))}
          </svg>
        )}
        <span>
          <strong>{t(credibility)}</strong>{" "}
          <span className={styles["soft"]}>{reached < 0 ? t("campaignVoice") : t("voices", { n: voices })}</span>
        </span>
      </dd>
    </div>
  );
}

/** The second axis, apart from the first: numbers alone never confirm. */
export function Confirmed({ cluster }: { cluster: ReportCluster }) {
  const t = useTranslations("reports.cluster");
  const by = cluster.confirmed_by;
  const word = by.length > 1 ? "byBoth" : by[0] === "sensor" ? "bySensor" : by[0] ? "byOperator" : "notConfirmed";
  return (
    <div className={styles["axis"]}>
      <dt>{t("confirmed")}</dt>
      <dd>
        <svg viewBox="0 0 44 14" className={styles["steps"]} aria-hidden="true">
          <circle cx="8" cy="7" r="5" data-reached={by.length > 0} />
        </svg>
        {by.length > 0 ? <strong>{t(word)}</strong> : <span>{t(word)}</span>}
      </dd>
    </div>
  );
}

const SIGNS: Record<ReportState, string> = {
  new: "●",
  seen: "○",
  answered: "↩",
  closed: "–",
  confirmed: "✓",
  unfounded: "✕",
};

/** How far somebody has got: by sign and in words. */
export function StateMark({ state }: { state: ReportState }) {
  const t = useTranslations("reports.state");
  return (
    <span className={styles["state"]} data-state={state}>
      <span aria-hidden="true">{SIGNS[state]}</span> {t(state)}
    </span>
  );
}

/** Who reports, without a name: role and pseudonym. */
export function From({ report }: { report: PersonReport }) {
  const t = useTranslations("reports.detail");
  const role = (["neighbour", "staff", "contractor", "authority"] as const).find((one) => one === report.role);
  return (
    <span>
      {t(`role.${role ?? "unknown"}`)}
      {report.trained && `, ${t("trained")}`} <code className={styles["soft"]}>{report.reporter}</code>
    </span>
  );
}

/** What a language is called in the one shown. */
export function useLanguageName(): (code: string) => string {
  const t = useTranslations("reports.language");
  return (code) => {
    const known = (["en", "de", "it"] as const).find((one) => one === code.slice(0, 2).toLowerCase());
    return known ? t(known) : t("other", { code: code || "?" });
  };
}
