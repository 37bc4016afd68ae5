/** What the system decided, people did and links told, newest first, growing as it happens. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { Link, useSearchParams } from "wouter";
import { api, ask } from "../../api/client";
import { alarms, onUpdate } from "../../api/live";
import type { Decision } from "../../api/types";
import { Button } from "../../ui/button";
import { Panel } from "../../ui/panel";
import { Failed, Loading } from "../../ui/states";
import table from "../../ui/table.module.css";
import { Time } from "../../ui/time";
import { useWord } from "../../ui/word";
import styles from "./health.module.css";
import { lineOf } from "./line";
import { More } from "./more";

const KINDS = ["decision", "action", "link"] as const;

export default function Decisions() {
  const t = useTranslations("health.decisions");
  const queries = useQueryClient();
  const [params, setParams] = useSearchParams();
  const kind = KINDS.find((one) => one === params.get("kind"));
  useEffect(
    () =>
      onUpdate((update) => {
        if (update.decisions?.length) void queries.invalidateQueries({ queryKey: ["decisions"] });
      }),
    [queries],
  );
  const list = useInfiniteQuery({
    queryKey: ["decisions", kind ?? ""],
    queryFn: ({ pageParam }) =>
      ask(
        api.GET("/api/v1/decisions", {
          params: { query: { limit: 100, ...(kind ? { kind } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const { data, error, refetch } = list;
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel
      title={t("intro")}
      aside={[undefined, ...KINDS].map((one) => (
        <Button key={one ?? "all"} aria-pressed={one === kind} onClick={() => setParams(one ? { kind: one } : {})}>
          {one ? t(`kinds.${one}`) : t("all")}
        </Button>
      ))}
      flush
    >
      {error && !data && <Failed error={error} again={() => void refetch()} />}
      {!error && !data && <Loading />}
      {data && items.length === 0 && <p className={styles["pad"]}>{t("none")}</p>}
      {items.length > 0 && (
        <div className={table["scroll"]}>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("when")}</th>
                <th scope="col">{t("kind")}</th>
                <th scope="col">{t("who")}</th>
                <th scope="col">{t("what")}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <Row key={one.id} decision={one as Decision} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More list={list} label={t("more")} />
    </Panel>
  );
}

function Row({ decision }: { decision: Decision }) {
  const t = useTranslations("health.decisions");
  const word = useWord();
  const line = lineOf(decision);
  const values = { ...line.values };
  if (line.key === "link") values["state"] = word(`health.decisions.links.${values["state"]}`, String(values["state"]));
  if (line.key === "disk")
    values["level"] = word(`health.decisions.levels.${values["level"]}`, String(values["level"]));
  if (line.key === "alarm") {
    values["action"] = word(`health.decisions.actions.${values["action"]}`, String(values["action"]));
    values["alarm"] = alarms.value.get(String(values["alarm"]))?.title ?? String(values["alarm"]);
  }
  const told = line.key ? t(`words.${line.key}`, values as never) : line.more;
  return (
    <tr>
      <td>
        <Time at={line.at} />
      </td>
      <td>{t(`kinds.${line.kind}`)}</td>
      <td>{line.who}</td>
      <td>
        {line.href ? <Link href={line.href}>{told}</Link> : told}
        {line.key && line.more && <div className={styles["soft"]}>{line.more}</div>}
      </td>
    </tr>
  );
}
