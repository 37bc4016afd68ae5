/** All incidents: what asks for somebody first. */
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Link, useLocation } from "wouter";
import { useCell } from "../../api/cell";
import { incidents, link } from "../../api/live";
import { session } from "../../api/session";
import type { Incident } from "../../api/types";
import { keep, kept } from "../../app/preferences";
import { useShortcuts } from "../../app/shortcuts";
import { Button, Choice } from "../../ui/button";
import { incidentPath } from "../../ui/link";
import { SeverityMark } from "../../ui/marks";
import { ScreenHead } from "../../ui/panel";
import { useKeptScroll } from "../../ui/scroll";
import { Empty, Loading } from "../../ui/states";
import { Time } from "../../ui/time";
import styles from "./incidents.module.css";
import { type Filter, shownIncidents } from "./order";
import { HandlingMark, Kinds, Sure, useOwnerName } from "./words";

const FILTERS: readonly Filter[] = ["current", "mine", "all"];
const KEPT = "incidents.filter";

export function IncidentList() {
  const t = useTranslations("incidents");
  const all = useCell(incidents);
  const connecting = useCell(link) === "connecting";
  const who = useCell(session).info;
  const [filter, setFilter] = useState<Filter>(() => FILTERS.find((one) => one === kept(KEPT)) ?? "current");
  const shown = useMemo(
    () => shownIncidents(all.values(), filter, who?.name ?? "", who?.role ?? ""),
    [all, filter, who],
  );
  useKeptScroll("incidents", !connecting || all.size > 0);
  useWalk(shown);
  return (
    <>
      <ScreenHead title={t("title")}>
        <Choice legend={t("filter.label")}>
          {FILTERS.map((one) => (
            <Button
              key={one}
              aria-pressed={one === filter}
              onClick={() => {
                keep(KEPT, one);
                setFilter(one);
              }}
            >
              {t(`filter.${one}`)}
            </Button>
          ))}
        </Choice>
        <span className={styles["soft"]} role="status">
          {t("count", { n: shown.length })}
        </span>
      </ScreenHead>
      {shown.length === 0 ? (
        connecting && all.size === 0 ? (
          <Loading />
        ) : (
          <Empty>{all.size === 0 ? t("empty") : t("emptyFiltered")}</Empty>
        )
      ) : (
        <ul className={styles["list"]}>
          {shown.map((one) => (
            <Row key={one.id} incident={one} />
          ))}
        </ul>
      )}
    </>
  );
}

/** j and k walk along the list, as in other lists of the console; Enter is the link's own. */
function useWalk(shown: readonly Incident[]) {
  const t = useTranslations("incidents.key");
  const [, go] = useLocation();
  const step = (by: number) => {
    const links = [...document.querySelectorAll<HTMLElement>(`.${styles["name"]}`)];
    const at = links.indexOf(document.activeElement as HTMLElement);
    links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
  };
  useShortcuts([
    { keys: "j", label: t("next"), run: () => step(1) },
    { keys: "k", label: t("previous"), run: () => step(-1) },
    {
      keys: "o",
      label: t("open"),
      run: () => {
        const focused = shown.find((one) => document.activeElement?.getAttribute("href") === incidentPath(one.id));
        const one = focused ?? shown[0];
        if (one) go(incidentPath(one.id));
      },
    },
  ]);
}

function Row({ incident }: { incident: Incident }) {
  const t = useTranslations("incidents");
  const named = useOwnerName();
  return (
    <li className={styles["row"]} data-severity={incident.severity} data-done={incident.handling.state === "closed"}>
      <div className={styles["rowHead"]}>
        <SeverityMark severity={incident.severity} />
        <Link href={incidentPath(incident.id)} className={styles["name"]}>
          {incident.title}
        </Link>
      </div>
      <dl className={styles["rowFacts"]}>
        <div>
          <dt>{t("column.handling")}</dt>
          <dd>
            <HandlingMark handling={incident.handling} />
          </dd>
        </div>
        <div>
          <dt>{t("column.owner")}</dt>
          <dd>{named(incident.handling.owner)}</dd>
        </div>
        <div>
          <dt>{t("column.sure")}</dt>
          <dd>
            <Sure incident={incident} />
          </dd>
        </div>
        <div>
          <dt>{t("column.kinds")}</dt>
          <dd>
            <Kinds kinds={incident.source_kinds} />
          </dd>
        </div>
        <div>
          <dt>{t("column.began")}</dt>
          <dd>
            <Time at={incident.began} form="minute" />
          </dd>
        </div>
        <div>
          <dt>{t("column.updated")}</dt>
          <dd>
            <Time at={incident.updated} form="minute" />
            <br />
            <span className={styles["soft"]}>{t(`evidenceState.${incident.state}`)}</span>
          </dd>
        </div>
      </dl>
    </li>
  );
}
