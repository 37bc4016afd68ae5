/** What the site delivers, what that relies on, and which single loss would stop it. */
import { useQuery } from "@tanstack/react-query";
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { api, ask } from "../../api/client";
import { Fact, Facts, Panel } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import { useDuration } from "../../ui/time";
import { Lines, ThingLinks } from "./links";
import { useOpenByAsset } from "./open";
import { LostLine, NeedLine } from "./relations";
import styles from "./site.module.css";

const REFRESH_MS = 30_000;

export default function Services() {
  const t = useTranslations("site.services");
  const format = useFormatter();
  const duration = useDuration();
  const open = useOpenByAsset();
  const { data, error, refetch } = useQuery({
    queryKey: ["services"],
    queryFn: () => ask(api.GET("/api/v1/services")),
    refetchInterval: REFRESH_MS,
  });
  if (error && !data) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading />;
  if (data.items.length === 0) return <Empty>{t("none")}</Empty>;
  const hours = (h: number | null) => (h === null ? "–" : duration(h * 3_600_000));
  return (
    <div className={styles["stack"]}>
      <p>
        <Link href="/site/graph/dependency">{t("dependencies")}</Link>
      </p>
      <div className={styles["columns"]}>
        {data.items.map((one) => {
          const alarmed = one.relies_on.filter((asset) => open.has(asset));
          return (
            <Panel key={one.id} title={one.name || one.id} aside={<span className={styles["soft"]}>{one.id}</span>}>
              <Facts>
                <Fact term={t("alarmed")}>{alarmed.length > 0 ? <ThingLinks ids={alarmed} /> : t("noneAlarmed")}</Fact>
                <Fact term={t("single")}>
                  <Lines none={t("noSingle")}>
                    {one.single_points.map((lost) => (
                      <LostLine key={lost.id} lost={lost} />
                    ))}
                  </Lines>
                </Fact>
                <Fact term={t("needs")}>
                  <Lines none="–">
                    {one.needs.map((need) => (
                      <NeedLine key={need.id} need={need} />
                    ))}
                  </Lines>
                </Fact>
                <Fact term={t("relies", { n: one.relies_on.length })}>
                  <ThingLinks ids={one.relies_on} />
                </Fact>
                <Fact term={t("mbco")}>{format.number(one.mbco, { style: "percent" })}</Fact>
                <Fact term={t("rto")}>{hours(one.rto_h)}</Fact>
                <Fact term={t("mtpd")}>{hours(one.mtpd_h)}</Fact>
                <Fact term="">{t("users", { n: one.users })}</Fact>
              </Facts>
            </Panel>
          );
        })}
      </div>
    </div>
  );
}
