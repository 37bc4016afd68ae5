/** Reports by people: what belongs together, each one with its place and photo; answered and judged here. */
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { Link, Route, Switch, useLocation, useSearchParams } from "wouter";
import { asProblem } from "../../api/problem";
import { may } from "../../api/session";
import type { PersonReport, ReportCluster } from "../../api/types";
import { useShortcuts } from "../../app/shortcuts";
import { reportPath } from "../../ui/link";
import { Panel, ScreenHead } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import { Time } from "../../ui/time";
import { Clusters } from "./clusters";
import { Detail } from "./detail";
import { type Filter, filterOf, searchOf, shownReports, stateOf, wordsOf } from "./filter";
import { Filters } from "./filters";
import styles from "./reports.module.css";
import { MOST, useClusters, useReports } from "./use";
import { From, StateMark } from "./words";

const NO_REPORTS: readonly PersonReport[] = [];
const NO_CLUSTERS: readonly ReportCluster[] = [];

export default function Reports() {
  return (
    <Switch>
      <Route path="/reports">
        <Screen number="" />
      </Route>
      <Route path="/reports/:number">{({ number }) => <Screen number={decodeURIComponent(number)} />}</Route>
    </Switch>
  );
}

function Screen({ number }: { number: string }) {
  const t = useTranslations("reports");
  const [search] = useSearchParams();
  const [, go] = useLocation();
  const asked = filterOf(search);
  const filter = { ...asked, insider: asked.insider && may("see.insider") };
  const reports = useReports(filter.insider);
  const clusters = useClusters();
  const all = reports.data?.items ?? NO_REPORTS;
  const together = clusters.data?.items ?? NO_CLUSTERS;
  const shown = shownReports(all, together, filter);
  const set = (next: Filter) => go(`${next.insider === filter.insider ? place(number) : "/reports"}${searchOf(next)}`);
  useWalk(shown, number, searchOf(filter));
  if (reports.isError && asProblem(reports.error).status === 404) {
    return (
      <>
        <ScreenHead title={t("title")} />
        <Empty>{t("noForm")}</Empty>
      </>
    );
  }
  return (
    <div className={styles["screen"]} data-chosen={number !== ""}>
      <ScreenHead title={t("title")}>
        <span className={styles["soft"]} role="status">
          {t("count", { n: shown.length })}
        </span>
      </ScreenHead>
      <p className={styles["about"]}>{filter.insider ? t("insiderAbout") : t("about")}</p>
      {!filter.insider && together.length > 0 && (
        <div className={styles["together"]}>
          <Clusters
            clusters={together}
            chosen={filter.cluster}
            choose={(cluster) => set({ ...filter, cluster, state: "all", kind: "" })}
          />
        </div>
      )}
      <div className={styles["columns"]}>
        <div className={styles["left"]}>
          <Filters filter={filter} set={set} clusters={together} reports={all} />
          {reports.isPending ? (
            <Loading />
          ) : reports.isError ? (
            <Failed error={reports.error} again={() => void reports.refetch()} />
          ) : shown.length === 0 ? (
            <Empty>{all.length === 0 ? t("none") : t("noneFit")}</Empty>
          ) : (
            <List reports={shown} together={together} number={number} search={searchOf(filter)} />
          )}
          {(reports.data?.total ?? 0) > MOST && (
            <p className={styles["soft"]}>{t("newest", { n: MOST, total: reports.data?.total ?? 0 })}</p>
          )}
        </div>
        <div className={styles["right"]}>
          {number ? (
            <Chosen {...{ number, all, shown, together, search: searchOf(filter), reading: reports.isPending }} />
          ) : (
            <Panel title={t("detail.choose")}>
              <p className={styles["soft"]}>{t("detail.chooseHint")}</p>
            </Panel>
          )}
        </div>
      </div>
    </div>
  );
}

const place = (number: string) => (number ? reportPath(number) : "/reports");

interface ChosenProps {
  number: string;
  all: readonly PersonReport[];
  shown: readonly PersonReport[];
  together: readonly ReportCluster[];
  search: string;
  reading: boolean;
}

function Chosen({ number, all, shown, together, search, reading }: ChosenProps) {
  const t = useTranslations("reports.detail");
  const one = all.find((report) => report.number === number);
  const clusters = useMemo(() => together.filter((cluster) => cluster.numbers.includes(number)), [together, number]);
  return (
    <>
      <Link href={`/reports${search}`} className={styles["back"]}>
        ← {t("back")}
      </Link>
      {one ? (
        <Detail key={number} report={one} clusters={clusters} others={shown} />
      ) : reading ? (
        <Loading />
      ) : (
        <Empty>{t("gone")}</Empty>
      )}
    </>
  );
}

/** j and k walk along the list, as in other lists of the console; Escape goes back to it. */
function useWalk(shown: readonly PersonReport[], number: string, search: string) {
  const t = useTranslations("reports.key");
  const [, go] = useLocation();
  const step = (by: number) => {
    const at = shown.findIndex((one) => one.number === number);
    const next = shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), shown.length - 1)];
    if (!next) return;
    go(`${reportPath(next.number)}${search}`, { replace: number !== "" });
    document.getElementById(`report-${next.number}`)?.scrollIntoView({ block: "nearest" });
  };
  useShortcuts([
    { keys: "j", label: t("next"), run: () => step(1) },
    { keys: "k", label: t("previous"), run: () => step(-1) },
    ...(number ? [{ keys: "Escape", label: t("back"), run: () => go(`/reports${search}`) }] : []),
  ]);
}

interface ListProps {
  reports: readonly PersonReport[];
  together: readonly ReportCluster[];
  number: string;
  search: string;
}

function List({ reports, together, number, search }: ListProps) {
  const t = useTranslations("reports");
  const words = useMemo(() => wordsOf(together), [together]);
  return (
    <ul className={styles["list"]} aria-label={t("title")}>
      {reports.map((one) => (
        <li key={one.number} id={`report-${one.number}`} aria-current={one.number === number ? "true" : undefined}>
          <Link href={`${reportPath(one.number)}${search}`} className={styles["row"]}>
            <span className={styles["rowHead"]}>
              <strong>{t(`kind.${one.category as "other"}`)}</strong>
              <StateMark state={stateOf(one)} />
            </span>
            <span className={styles["words"]}>{one.text || t("detail.noText")}</span>
            <span className={styles["rowFoot"]}>
              <code>{one.number}</code>
              <From report={one} />
              <Time at={one.occurred} form="minute" />
              {words.get(one.number)?.map((word) => (
                <span key={word}>{t(`cluster.${word}`)}</span>
              ))}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
