/** A balance sheet: what was read is accepted, quarantined or dropped, by reason; or it doesn't balance, and says so. */
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import type { Balance } from "../api/types";
import styles from "./balance.module.css";
import { type Sums, sumsOf } from "./balance-sums";
import { useReasonName } from "./reason";

interface Props {
  balance: Balance | null | undefined;
  /** The source: its refusals then lead to the quarantine. */
  source?: string | undefined;
  /** Only the bar and one line. */
  compact?: boolean;
}

export function BalanceSheet({ balance, source, compact = false }: Props) {
  const t = useTranslations("ui.balance");
  const format = useFormatter();
  if (!balance) return <p className={styles["none"]}>{t("none")}</p>;
  const sums = sumsOf(balance);
  return (
    <div className={styles["sheet"]} data-balances={sums.balances}>
      <Bar sums={sums} />
      {!sums.balances && (
        <p role="alert" className={styles["wrong"]}>
          <strong>{t("wrong")}</strong> {t("missing", { rows: sums.missing })}
        </p>
      )}
      {compact ? (
        <p className={styles["line"]}>
          {t("line", {
            read: sums.read,
            accepted: sums.accepted,
            quarantined: sums.quarantined,
            dropped: sums.dropped,
          })}
        </p>
      ) : (
        <table className={styles["table"]}>
          <caption className="sr-only">{t("caption")}</caption>
          <tbody>
            <tr className={styles["sum"]}>
              <th scope="row">{t("read")}</th>
              <td>{format.number(sums.read)}</td>
            </tr>
            <tr>
              <th scope="row">= {t("accepted")}</th>
              <td>{format.number(sums.accepted)}</td>
            </tr>
            {sums.late > 0 && (
              <tr className={styles["part"]}>
                <th scope="row" title={t("lateMeans")}>
                  {t("late")}
                </th>
                <td>{format.number(sums.late)}</td>
              </tr>
            )}
            <Reasons
              label={`+ ${t("quarantined")}`}
              total={sums.quarantined}
              counts={sums.quarantinedBy}
              source={source}
            />
            <Reasons label={`+ ${t("dropped")}`} total={sums.dropped} counts={sums.droppedBy} />
          </tbody>
        </table>
      )}
    </div>
  );
}

function Reasons(props: { label: string; total: number; counts: [string, number][]; source?: string | undefined }) {
  const format = useFormatter();
  const name = useReasonName();
  const { source } = props;
  return (
    <>
      <tr>
        <th scope="row">{props.label}</th>
        <td>{format.number(props.total)}</td>
      </tr>
      {props.counts.map(([reason, count]) => (
        <tr key={reason} className={styles["part"]}>
          <th scope="row">
            {source ? (
              <Link href={`/quarantine?source=${encodeURIComponent(source)}&reason=${encodeURIComponent(reason)}`}>
                {name(reason)}
              </Link>
            ) : (
              name(reason)
            )}
          </th>
          <td>{format.number(count)}</td>
        </tr>
      ))}
    </>
  );
}

/** Shares of what was read; quarantined rows are hatched, so that they are told without colour. */
function Bar({ sums }: { sums: Sums }) {
  const t = useTranslations("ui.balance");
  const whole = Math.max(1, sums.read);
  const parts = [
    ["accepted", sums.accepted],
    ["quarantined", sums.quarantined],
    ["dropped", sums.dropped],
  ] as const;
  const told = t("line", sums as unknown as Record<string, number>);
  return (
    <div className={styles["bar"]} role="img" aria-label={told} title={told}>
      {parts.map(([name, count]) =>
        count > 0 ? <span key={name} data-part={name} style={{ flexGrow: Math.max(count / whole, 0.012) }} /> : null,
      )}
    </div>
  );
}
