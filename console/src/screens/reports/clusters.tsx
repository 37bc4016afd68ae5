/** Reports that belong together, side by side: neighbours and a campaign at one moment hide nothing of each other. */
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import type { ReportCluster, Severity } from "../../api/types";
import { Button } from "../../ui/button";
import { evidencePath, incidentPath } from "../../ui/link";
import { SeverityMark } from "../../ui/marks";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";
import { Time } from "../../ui/time";
import styles from "./reports.module.css";
import { Believed, Confirmed } from "./words";

const RANK: Record<Severity, number> = { critical: 0, high: 1, medium: 2, low: 3, info: 4 };
const RULES = ["danger", "suspicious", "safety", "campaign"] as const;

interface Props {
  clusters: readonly ReportCluster[];
  /** The one whose reports are listed. */
  chosen: string;
  choose: (id: string) => void;
}

export function Clusters({ clusters, chosen, choose }: Props) {
  const t = useTranslations("reports.cluster");
  const standing = clusters
    .filter((one) => !one.cleared)
    .sort((one, other) => RANK[one.severity] - RANK[other.severity] || other.updated.localeCompare(one.updated));
  const over = clusters.filter((one) => one.cleared);
  const list = (some: readonly ReportCluster[]) => (
    <ul className={styles["clusters"]}>
      {some.map((one) => (
        <Card key={one.id} cluster={one} chosen={one.id === chosen} choose={choose} />
      ))}
    </ul>
  );
  return (
    <Panel title={t("title")}>
      {standing.length > 0 ? list(standing) : <Empty>{t("none")}</Empty>}
      {over.length > 0 && (
        <details className={styles["over"]} open={over.some((one) => one.id === chosen) || undefined}>
          <summary>{t("more", { n: over.length })}</summary>
          {list(over)}
        </details>
      )}
    </Panel>
  );
}

/** What a cluster is, apart from the word its sentence begins with: that is an axis of its own. */
export const wordless = (sentence: string) => {
  const rest = sentence.slice(sentence.indexOf(":") + 1).trim();
  return rest.charAt(0).toUpperCase() + rest.slice(1);
};

interface CardProps {
  cluster: ReportCluster;
  chosen: boolean;
  choose: (id: string) => void;
}

function Card({ cluster, chosen, choose }: CardProps) {
  const t = useTranslations("reports.cluster");
  const n = cluster.numbers.length;
  const rule = RULES.find((one) => cluster.rule === `report.${one}`) ?? "other";
  return (
    <li className={styles["cluster"]} data-chosen={chosen} data-credibility={cluster.credibility}>
      <h3 className={styles["clusterHead"]}>
        <SeverityMark severity={cluster.severity} />
        <span>{t("head", { what: t(`rule.${rule}`), n })}</span>
      </h3>
      <dl className={styles["axes"]}>
        <Believed cluster={cluster} />
        <Confirmed cluster={cluster} />
      </dl>
      <p className={styles["sentence"]}>{wordless(cluster.sentence)}</p>
      <p className={styles["ends"]}>
        <Button aria-pressed={chosen} disabled={n === 0} onClick={() => choose(chosen ? "" : cluster.id)}>
          {n === 0 ? t("other") : chosen ? t("all") : t("show", { n })}
        </Button>
        {cluster.incident && <Link href={incidentPath(cluster.incident)}>{t("incident")}</Link>}
        <Link href={evidencePath(cluster.evidence)}>{t("evidence")}</Link>
        <span className={styles["soft"]}>
          {t.rich(cluster.cleared ? "over" : "last", {
            when: () => <Time at={cluster.cleared ?? cluster.updated} form="time" />,
          })}
        </span>
      </p>
    </li>
  );
}
