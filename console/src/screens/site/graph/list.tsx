/** A graph as a table: each node with what it leads to and what it comes from. */
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { SeverityMark } from "../../../ui/marks";
import table from "../../../ui/table.module.css";
import { useWord } from "../../../ui/word";
import type { Open } from "../open";
import type { Graph, GraphNode } from "../types";

interface Props {
  graph: Graph;
  open: Map<string, Open>;
  hrefOf: (node: GraphNode) => string;
}

export function GraphList({ graph, open, hrefOf }: Props) {
  const t = useTranslations("site");
  const word = useWord();
  const nodes = new Map(graph.nodes.map((one) => [one.key, one]));
  const named = (keys: string[]) => keys.map((key) => nodes.get(key)?.id ?? key).join(", ") || "–";
  return (
    <div className={table["scroll"]}>
      <table className={table["table"]}>
        <thead>
          <tr>
            <th scope="col">{t("graph.node")}</th>
            <th scope="col">{t("asset.type")}</th>
            <th scope="col">{t("asset.alarms")}</th>
            <th scope="col">{t("graph.from")}</th>
            <th scope="col">{t("graph.to")}</th>
          </tr>
        </thead>
        <tbody>
          {graph.nodes.map((one) => {
            const now = open.get(one.id);
            return (
              <tr key={one.key}>
                <th scope="row">
                  <Link href={hrefOf(one)}>{one.kind === "security_zone" ? one.name || one.id : one.id}</Link>
                </th>
                <td>{word(`site.type.${one.type}`, one.type)}</td>
                <td>
                  {now ? (
                    <>
                      <SeverityMark severity={now.worst} calling={now.calling} /> · {now.count}
                    </>
                  ) : (
                    "–"
                  )}
                </td>
                <td>{named(graph.edges.filter((edge) => edge.target === one.key).map((edge) => edge.source))}</td>
                <td>{named(graph.edges.filter((edge) => edge.source === one.key).map((edge) => edge.target))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
