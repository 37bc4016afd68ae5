/** Who may sign in; for admins, to read. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { api, ask } from "../../api/client";
import { Panel } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import table from "../../ui/table.module.css";
import { Time } from "../../ui/time";
import { useWord } from "../../ui/word";
import styles from "./account.module.css";

export function AccountList() {
  const t = useTranslations("account.accounts");
  const word = useWord();
  const { data, error, refetch } = useQuery({
    queryKey: ["accounts"],
    queryFn: () => ask(api.GET("/api/v1/accounts")),
  });
  return (
    <Panel title={t("title")} className={styles["wide"] ?? ""} flush>
      {error ? <Failed error={error} again={() => void refetch()} /> : !data && <Loading />}
      {data?.items.length === 0 && <Empty>{t("none")}</Empty>}
      {data && data.items.length > 0 && (
        <div className={table["scroll"]}>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("name")}</th>
                <th scope="col">{t("role")}</th>
                <th scope="col">{t("state")}</th>
                <th scope="col">{t("used")}</th>
                <th scope="col">{t("made")}</th>
              </tr>
            </thead>
            <tbody>
              {data.items.map((one) => (
                <tr key={one.name}>
                  <th scope="row">{one.name}</th>
                  <td>{word(`account.roles.${one.role}`, one.role)}</td>
                  <td>
                    {one.disabled ? (
                      t("disabled")
                    ) : one.one_time_until ? (
                      <>
                        {t("oneTime")} <Time at={one.one_time_until} form="minute" />
                      </>
                    ) : (
                      t("signedIn", { n: one.sessions })
                    )}
                  </td>
                  <td>
                    <Time at={one.last_used} form="minute" />
                  </td>
                  <td>
                    <Time at={one.created} form="date" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className={styles["hint"]}>{t("hint")}</p>
    </Panel>
  );
}
