/** The filters above the list: how far somebody has got, kind, cluster; for security also whose eyes it is for. */
import { useTranslations } from "use-intl";
import { may } from "../../api/session";
import type { Category, PersonReport, ReportCluster } from "../../api/types";
import { Button, Choice } from "../../ui/button";
import { type Filter, STATES } from "./filter";
import { Pick } from "./pick";
import styles from "./reports.module.css";

interface Props {
  filter: Filter;
  set: (filter: Filter) => void;
  clusters: readonly ReportCluster[];
  /** All that are known: their kinds are offered. */
  reports: readonly PersonReport[];
}

export function Filters({ filter, set, clusters, reports }: Props) {
  const t = useTranslations("reports");
  const kinds = [...new Set([...reports.map((one) => one.category), ...(filter.kind ? [filter.kind] : [])])].sort();
  return (
    <search className={styles["filters"]} aria-label={t("filter.label")}>
      {may("see.insider") && (
        <Choice legend={t("filter.lane")}>
          {[false, true].map((insider) => (
            <Button
              key={String(insider)}
              aria-pressed={filter.insider === insider}
              onClick={() => set({ state: "all", kind: "", cluster: "", insider })}
            >
              {t(insider ? "filter.insider" : "filter.everyone")}
            </Button>
          ))}
        </Choice>
      )}
      <Choice legend={t("filter.label")}>
        {STATES.map((state) => (
          <Button key={state} aria-pressed={filter.state === state} onClick={() => set({ ...filter, state })}>
            {t(`filter.${state}`)}
          </Button>
        ))}
      </Choice>
      <Pick label={t("filter.kind")}>
        <select value={filter.kind} onChange={(event) => set({ ...filter, kind: event.target.value as Category | "" })}>
          <option value="">{t("filter.any")}</option>
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {t(`kind.${kind as "other"}`)}
            </option>
          ))}
        </select>
      </Pick>
      {!filter.insider && clusters.length > 0 && (
        <Pick label={t("filter.cluster")}>
          <select value={filter.cluster} onChange={(event) => set({ ...filter, cluster: event.target.value })}>
            <option value="">{t("filter.any")}</option>
            {clusters.map((one) => (
              <option key={one.id} value={one.id}>
                {t("cluster.label", { word: t(`cluster.${one.credibility}`), n: one.numbers.length })}
              </option>
            ))}
          </select>
        </Pick>
      )}
    </search>
  );
}
