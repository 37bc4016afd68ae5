/** What each signal has to do with a detection: its share, what was expected, what was seen, and its chart. */
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { may } from "../api/session";
import type { Finding } from "../api/types";
import { signalPath } from "./link";
import styles from "./parts.module.css";
import { written } from "./unit";

/** Each signal's part in a detection, with the way to its chart. */
export function Parts({ finding }: { finding: Pick<Finding, "parts" | "spans"> }) {
  const t = useTranslations("ui.parts");
  const format = useFormatter();
  const number = (value: number | null, unit: string) =>
    value === null ? "–" : `${format.number(value, { maximumSignificantDigits: 5 })} ${written(unit)}`.trim();
  return (
    <table className={styles["parts"]}>
      <thead>
        <tr>
          <th scope="col">{t("signal")}</th>
          <th scope="col">{t("share")}</th>
          <th scope="col">{t("expected")}</th>
          <th scope="col">{t("seen")}</th>
        </tr>
      </thead>
      <tbody>
        {finding.parts.map((part) => {
          const span = finding.spans.find((one) => one.signal === part.signal);
          return (
            <tr key={part.signal}>
              <th scope="row">
                {span && may("see.process") ? (
                  <Link href={signalPath(span)} title={t("open", { signal: part.signal })}>
                    {part.signal}
                  </Link>
                ) : (
                  part.signal
                )}
              </th>
              <td>
                <span className={styles["share"]}>
                  <i style={{ width: `${Math.round(part.share * 100)}%` }} />
                </span>
                {format.number(part.share, { style: "percent" })}
              </td>
              <td>{number(part.expected, part.unit)}</td>
              <td>{number(part.seen, part.unit)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
