/** What was put in force, by whom and why, and what came of the latest reload. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { api, ask } from "../../api/client";
import { Panel } from "../../ui/panel";
import { Failed, Loading } from "../../ui/states";
import table from "../../ui/table.module.css";
import { Time } from "../../ui/time";
import styles from "./site.module.css";

export function ChangesPanel() {
  const t = useTranslations("site.check");
  const { data, error, refetch } = useQuery({
    queryKey: ["site-changes"],
    queryFn: () => ask(api.GET("/api/v1/site/changes")),
    refetchInterval: 15_000,
  });
  const latest = data?.latest;
  return (
    <Panel title={t("history")} className={styles["wide"] ?? ""} flush>
      {error && !data && <Failed error={error} again={() => void refetch()} />}
      {!error && !data && <Loading />}
      {latest && !latest.ok && (
        <div className={styles["fault"]} data-severity="error">
          <strong>
            {t("latest")}: {t("refused")}
          </strong>
          <span>
            <Time at={latest.at} zone /> · {latest.by} {latest.why && `· ${latest.why}`}
          </span>
          {latest.faults.map((one) => (
            <code key={one}>{one}</code>
          ))}
        </div>
      )}
      {data?.items.length === 0 && <p className={styles["empty"]}>{t("noHistory")}</p>}
      {data && data.items.length > 0 && (
        <div className={table["scroll"]}>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("when")}</th>
                <th scope="col">{t("by")}</th>
                <th scope="col">{t("what")}</th>
                <th scope="col">{t("why")}</th>
              </tr>
            </thead>
            <tbody>
              {data.items.map((one) => (
                <tr key={one.at + one.setup}>
                  <th scope="row">
                    <Time at={one.at} zone />
                    <div className={styles["soft"]}>{t("version", { version: one.version })}</div>
                  </th>
                  <td>{one.by === "start" ? t("start") : one.by}</td>
                  <td>{one.changed.join(", ")}</td>
                  <td>{one.why || "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
