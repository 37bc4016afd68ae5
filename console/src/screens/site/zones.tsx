/** Security zones and conduits (IEC 62443), and the physical zones of the ground. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { api, ask } from "../../api/client";
import { useSite } from "../../api/site";
import { Fact, Facts, Panel } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import table from "../../ui/table.module.css";
import { useWord } from "../../ui/word";
import { Lines, ThingLinks } from "./links";
import { useOpenByAsset } from "./open";
import styles from "./site.module.css";

interface Place {
  id: string;
  name?: string;
  access?: string;
  explosive?: string;
}

export default function Zones() {
  const t = useTranslations("site");
  const open = useOpenByAsset();
  const { data, error, refetch } = useQuery({
    queryKey: ["security-zones"],
    queryFn: () => ask(api.GET("/api/v1/security-zones")),
  });
  if (error && !data) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading />;
  return (
    <div className={styles["stack"]}>
      {data.items.length === 0 && <Empty>{t("zones.none")}</Empty>}
      {data.items.length > 0 && (
        <p>
          <Link href="/site/graph/network">{t("graph.kinds.network")}</Link>
        </p>
      )}
      <div className={styles["columns"]}>
        {data.items.map((zone) => {
          const alarmed = zone.assets.filter((one) => open.has(one));
          return (
            <Panel
              key={zone.id}
              title={zone.name || zone.id}
              aside={
                <span className={styles["soft"]}>
                  {t("zones.level", { level: zone.level })} · {t("zones.target", { n: zone.target })}
                </span>
              }
            >
              <Facts>
                {alarmed.length > 0 && (
                  <Fact term={t("zones.alarmed")}>
                    <ThingLinks ids={alarmed} />
                  </Fact>
                )}
                <Fact term={t("zones.conduits")}>
                  <Lines none={t("zones.noConduits")}>
                    {zone.conduits.map((one) => (
                      <li key={one.id}>
                        <span>
                          {one.begins === zone.id
                            ? t("zones.to", { zone: one.ends })
                            : t("zones.from", { zone: one.begins })}
                        </span>
                        <span className={styles["soft"]}>{one.protocols.join(", ")}</span>
                      </li>
                    ))}
                  </Lines>
                </Fact>
                <Fact term={t("zones.networks")}>{zone.networks.join(", ") || "–"}</Fact>
                <Fact term={t("zones.assets")}>{zone.assets.length > 0 ? <ThingLinks ids={zone.assets} /> : "–"}</Fact>
              </Facts>
            </Panel>
          );
        })}
      </div>
      <Places />
    </div>
  );
}

function Places() {
  const t = useTranslations("site.zones");
  const word = useWord();
  const places = (useSite()?.model["zones"] ?? []) as Place[];
  if (places.length === 0) return null;
  return (
    <Panel title={t("places")} flush>
      <div className={table["scroll"]}>
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col">{t("places")}</th>
              <th scope="col">{t("access")}</th>
              <th scope="col">{t("explosive")}</th>
            </tr>
          </thead>
          <tbody>
            {places.map((one) => (
              <tr key={one.id}>
                <th scope="row">{one.name || one.id}</th>
                <td>{word(`site.zones.accesses.${one.access ?? "staff"}`, one.access ?? "")}</td>
                <td>{word(`site.zones.explosives.${one.explosive ?? "none"}`, one.explosive ?? "")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
