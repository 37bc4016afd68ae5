/** The service itself: its processes and their restarts, its detectors and what they threw. */
import { useTranslations } from "use-intl";
import type { components } from "../../api/schema";
import { Panel } from "../../ui/panel";
import table from "../../ui/table.module.css";
import { Age, Time } from "../../ui/time";
import { useWord } from "../../ui/word";
import { Flag } from "./flag";
import styles from "./health.module.css";

export type ServiceHealth = components["schemas"]["ServiceHealth"];

export function Processes({ service }: { service: ServiceHealth }) {
  const t = useTranslations("health.processes");
  const word = useWord();
  return (
    <Panel
      title={t("title")}
      aside={
        service.started && (
          <span className={styles["soft"]}>
            {t("started")} <Time at={service.started} form="minute" />
          </span>
        )
      }
      flush
    >
      {service.processes.length === 0 ? (
        <p className={styles["pad"]}>{t("none")}</p>
      ) : (
        <div className={table["scroll"]}>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("process")}</th>
                <th scope="col">{t("state")}</th>
                <th scope="col" className={table["number"]}>
                  {t("restarts")}
                </th>
              </tr>
            </thead>
            <tbody>
              {service.processes.map((one) => (
                <tr key={one.name}>
                  <th scope="row">
                    {word(`health.processes.names.${one.name}`, one.name)}
                    {one.last_error && (
                      <div className={styles["soft"]}>
                        {t("error")}: {one.last_error}
                      </div>
                    )}
                  </th>
                  <td>
                    <Flag bad={one.state !== "ready"}>{t(`states.${one.state}`)}</Flag>
                  </td>
                  <td className={table["number"]}>{one.restarts}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {service.notes.length > 0 && (
        <div className={styles["pad"]}>
          <h3>{t("notes")}</h3>
          <ul>
            {service.notes.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </div>
      )}
    </Panel>
  );
}

export function Detectors({ service }: { service: ServiceHealth }) {
  const t = useTranslations("health.detectors");
  const word = useWord();
  return (
    <Panel title={t("title")} flush>
      <div className={table["scroll"]}>
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col">{t("detector")}</th>
              <th scope="col">{t("state")}</th>
              <th scope="col">{t("baseline")}</th>
            </tr>
          </thead>
          <tbody>
            {service.detectors.map((one) => (
              <tr key={one.name}>
                <th scope="row">
                  {word(`health.detectors.names.${one.name}`, one.name)}
                  <div className={styles["soft"]}>
                    {one.name} · {t("version")} {one.version}
                  </div>
                </th>
                <td>
                  <Flag bad={!one.on}>{one.on ? t("on") : t("off")}</Flag>
                  {one.why && (
                    <div className={styles["soft"]}>
                      {t("why")}: {one.why}
                    </div>
                  )}
                </td>
                <td>{one.baseline ? <span title={one.baseline}>{t("learned")}</span> : t("notLearned")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {service.learned && <Learned learned={service.learned} />}
    </Panel>
  );
}

function Learned({ learned }: { learned: components["schemas"]["Learned"] }) {
  const t = useTranslations("health.learned");
  return (
    <div className={styles["pad"]}>
      <h3>{t("title", { version: learned.version })}</h3>
      <p>
        {t("approved", { by: learned.approved_by })} <Time at={learned.approved} />
        {learned.why && `: ${learned.why}`}. {t("learned")} <Time at={learned.learned} /> (<Age at={learned.learned} />
        ).
        {learned.since && (
          <>
            {" "}
            {t("since")} <Time at={learned.since} />.
          </>
        )}
      </p>
      {learned.drift.length > 0 && (
        <>
          <p>
            <Flag bad>{t("drift")}</Flag> {t("again")} <code>infrastress train SITE --since TIME</code>
          </p>
          <ul>
            {learned.drift.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
