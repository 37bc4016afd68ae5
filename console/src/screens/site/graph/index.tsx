/** Graphs of the site: process flow, dependencies, network zones; whole, or around an asset. */
import { useQuery } from "@tanstack/react-query";
import { useId, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Link, useParams, useSearchParams } from "wouter";
import { api, ask } from "../../../api/client";
import { asProblem } from "../../../api/problem";
import { Button } from "../../../ui/button";
import { Field } from "../../../ui/field";
import { Panel } from "../../../ui/panel";
import { Empty, Failed, Loading } from "../../../ui/states";
import { useAssets } from "../assets";
import { useOpenByAsset } from "../open";
import styles from "../site.module.css";
import type { Graph, GraphNode } from "../types";
import { bandsOf } from "./bands";
import own from "./graph.module.css";
import { layered } from "./layered";
import { GraphList } from "./list";
import { GraphView } from "./view";

const KINDS = ["process", "dependency", "network"] as const;
type Kind = (typeof KINDS)[number];
const MOST = 400;
const REFRESH_MS = 20_000;

const isKind = (text: string | undefined): text is Kind => KINDS.some((one) => one === text);

const hrefOf = (node: GraphNode): string =>
  node.kind === "asset"
    ? `/site/assets/${encodeURIComponent(node.id)}`
    : node.kind === "service"
      ? "/site/services"
      : "/site/zones";

export default function Graphs() {
  const t = useTranslations("site.graph");
  const { kind: told } = useParams<{ kind?: string }>();
  const kind = isKind(told) ? told : "process";
  const [params, setParams] = useSearchParams();
  const around = params.get("around") ?? "";
  const hops = Math.min(6, Math.max(1, Number(params.get("hops") ?? "2") || 2));
  const [asList, setAsList] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ["graph", kind, around, hops],
    queryFn: () =>
      ask(api.GET("/api/v1/site/graph", { params: { query: { kind, ...(around ? { around, hops } : {}) } } })),
    refetchInterval: REFRESH_MS,
    retry: (count, why) => count < 2 && asProblem(why).status !== 404,
  });
  const tabs = (
    <nav aria-label={t("which")} className={styles["kinds"]}>
      {KINDS.map((one) => (
        <Link key={one} href={`/site/graph/${one}`} aria-current={one === kind ? "page" : undefined}>
          {t(`kinds.${one}`)}
        </Link>
      ))}
    </nav>
  );
  const choose = (id: string) => setParams(id ? { around: id } : {});
  return (
    <div className={styles["stack"]}>
      {tabs}
      <Panel
        title={around ? t("around", { id: around }) : t(`kinds.${kind}`)}
        aside={
          <>
            {data && <span className={styles["soft"]}>{t("nodes", { n: data.nodes.length })}</span>}
            {around && (
              <>
                <label className={styles["marked"]}>
                  {t("hops")}
                  <select value={hops} onChange={(event) => setParams({ around, hops: event.target.value })}>
                    {[1, 2, 3, 4, 5, 6].map((one) => (
                      <option key={one}>{one}</option>
                    ))}
                  </select>
                </label>
                <Button onClick={() => choose("")}>{t("whole")}</Button>
              </>
            )}
            <Button aria-pressed={asList} onClick={() => setAsList(!asList)}>
              {asList ? t("asGraph") : t("asList")}
            </Button>
          </>
        }
        flush
      >
        {error && !data && <Failed error={error} again={() => void refetch()} />}
        {!error && !data && <Loading />}
        {data && data.nodes.length === 0 && <Empty>{t("empty")}</Empty>}
        {data && data.nodes.length > MOST && !asList && <Large count={data.nodes.length} onChoose={choose} />}
        {data && data.nodes.length > 0 && (asList || data.nodes.length <= MOST) && (
          <Shown graph={data} kind={kind} asList={asList} around={around} />
        )}
      </Panel>
      <p className={styles["hint"]}>{t(`about.${kind}`)}</p>
    </div>
  );
}

function Shown({ graph, kind, asList, around }: { graph: Graph; kind: Kind; asList: boolean; around: string }) {
  const t = useTranslations("site.graph");
  const open = useOpenByAsset();
  // Laid out anew only when the graph is another one, not when alarms on it change.
  const shape = `${graph.version} ${graph.nodes.length} ${graph.edges.length} ${around}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` says whether it is another graph
  const places = useMemo(
    () => (kind === "network" ? bandsOf(graph) : layered(graph, kind === "process" ? "LR" : "TB")),
    [kind, shape],
  );
  if (asList) return <GraphList graph={graph} open={open} hrefOf={hrefOf} />;
  return <GraphView drawing={places} label={t(`kinds.${kind}`)} open={open} name={kind} hrefOf={hrefOf} />;
}

function Large({ count, onChoose }: { count: number; onChoose: (id: string) => void }) {
  const t = useTranslations("site.graph");
  const { assets } = useAssets();
  const [text, setText] = useState("");
  const id = useId();
  return (
    <form
      className={own["choose"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (assets.some((one) => one.id === text)) onChoose(text);
      }}
    >
      <p>{t("large", { n: count })}</p>
      <Field label={t("choose")}>
        <input value={text} onChange={(event) => setText(event.target.value)} list={`${id}-assets`} />
      </Field>
      <datalist id={`${id}-assets`}>
        {assets.slice(0, 2000).map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </datalist>
      <Button kind="primary" type="submit">
        {t("show")}
      </Button>
    </form>
  );
}
