/** The rules that were violated, in words, and each signal's part: share, expected, seen. */
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import type { Finding, IncidentDetail } from "../../api/types";
import { evidencePath } from "../../ui/link";
import { SeverityMark } from "../../ui/marks";
import { Panel } from "../../ui/panel";
import { Parts } from "../../ui/parts";
import { SpanCharts } from "../../ui/spancharts";
import { Empty } from "../../ui/states";
import styles from "./incidents.module.css";

export function Findings({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.findings");
  const found = useMemo(() => incident.findings.filter((one) => one.parts.length > 0), [incident.findings]);
  const spans = useMemo(() => found.flatMap((one) => one.spans), [found]);
  return (
    <Panel title={t("title")}>
      {found.length === 0 && <Empty>{t("none")}</Empty>}
      <SpanCharts spans={spans} sync={incident.id} />
      <ul className={styles["findings"]}>
        {found.map((finding) => (
          <One key={finding.id} finding={finding} />
        ))}
      </ul>
      {incident.findings.length < incident.alarms_total && (
        <p className={styles["hint"]}>{t("more", { n: incident.findings.length, total: incident.alarms_total })}</p>
      )}
    </Panel>
  );
}

function One({ finding }: { finding: Finding }) {
  const t = useTranslations("incidents.findings");
  return (
    <li>
      <h3>
        <SeverityMark severity={finding.severity} text={false} />{" "}
        <Link href={evidencePath(finding.id)}>{finding.title}</Link>
      </h3>
      <p>
        <span className={styles["soft"]}>{t("violated")}:</span> {finding.sentence}
      </p>
      <Parts finding={finding} />
    </li>
  );
}
