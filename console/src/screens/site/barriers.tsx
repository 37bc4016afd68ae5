/** Barriers: what each stands against, what it is made of, and whether anything speaks against it now. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { alarms, pulse } from "../../api/live";
import { Panel } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import table from "../../ui/table.module.css";
import { useWord } from "../../ui/word";
import { BarrierStateMark, ReasonText } from "./barrier";
import { ThingLinks } from "./links";
import styles from "./site.module.css";
import type { BarrierState } from "./types";

const REFRESH_MS = 10_000;
const SHOWN = 3;

export default function Barriers() {
  const t = useTranslations("site.barriers");
  const queries = useQueryClient();
  const fresh = useCell(pulse)?.fresh;
  const all = useCell(alarms);
  const { data, error, refetch } = useQuery({
    queryKey: ["barriers"],
    queryFn: () => ask(api.GET("/api/v1/barriers")),
    refetchInterval: REFRESH_MS,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what they depend on has changed
  useEffect(() => void queries.invalidateQueries({ queryKey: ["barriers"] }), [fresh, all, queries]);
  if (error && !data) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading />;
  if (data.items.length === 0) return <Empty>{t("none")}</Empty>;
  const count = (state: BarrierState["state"]) => data.items.filter((one) => one.state === state).length;
  const counts = { alarmed: count("alarmed"), unknown: count("unknown"), clear: count("clear") };
  return (
    <div className={styles["stack"]}>
      <p className={styles["soft"]}>{t("intro")}</p>
      <Panel title={t("count", counts)} flush>
        <div className={table["scroll"]}>
          <table className={`${table["table"]} ${table["cards"]}`}>
            <thead>
              <tr>
                <th scope="col">{t("state")}</th>
                <th scope="col">{t("barrier")}</th>
                <th scope="col">{t("why")}</th>
                <th scope="col">{t("against")}</th>
                <th scope="col">{t("made")}</th>
                <th scope="col" className={table["number"]}>
                  <abbr title={t("pfdHint")}>{t("pfd")}</abbr>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.items.map((one) => (
                <Row key={one.id} barrier={one} />
              ))}
            </tbody>
          </table>
        </div>
      </Panel>
    </div>
  );
}

function Row({ barrier }: { barrier: BarrierState }) {
  const t = useTranslations("site.barriers");
  const format = useFormatter();
  const word = useWord();
  const more = barrier.reasons.length - SHOWN;
  return (
    <tr id={barrier.id}>
      <td data-label={t("state")}>
        <BarrierStateMark state={barrier.state} />
      </td>
      <th scope="row">
        {barrier.name || barrier.id}
        <div className={styles["soft"]}>
          {barrier.id} · {word(`site.barriers.side.${barrier.side}`, barrier.side)}
        </div>
      </th>
      <td data-label={t("why")}>
        <ul>
          {barrier.reasons.slice(0, SHOWN).map((one) => (
            <li key={one.kind + one.asset + one.text}>
              <ReasonText reason={one} />
            </li>
          ))}
          {more > 0 && <li className={styles["soft"]}>{t("more", { n: more })}</li>}
        </ul>
      </td>
      <td data-label={t("against")}>
        <ul>
          {barrier.hazards.map((one) => (
            <li key={one.id}>
              {word(`site.hazard.${one.event}`, one.event)} · <ThingLinks ids={[one.asset]} />
            </li>
          ))}
        </ul>
      </td>
      <td data-label={t("made")}>
        <ThingLinks ids={barrier.assets} />
      </td>
      <td data-label={t("pfd")} className={table["number"]}>
        {barrier.pfd === null ? "–" : format.number(barrier.pfd)}
      </td>
    </tr>
  );
}
