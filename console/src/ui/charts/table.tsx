/** A chart's values as a table: for whoever doesn't see the plot, and for whoever wants numbers. */
import { useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Time } from "../time";
import styles from "./chart.module.css";
import { type Columns, stepsOf } from "./columns";
import type { Span } from "./span";

const STEPS = 30;

interface Props {
  columns: Columns;
  span: Span;
  unit: string;
  digits: number;
}

export function ValueTable({ columns, span, unit, digits }: Props) {
  const t = useTranslations("charts");
  const format = useFormatter();
  const [open, setOpen] = useState(false);
  const number = (value: number | null) =>
    value === null ? "–" : format.number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("table")}</summary>
      {open && (
        <section
          className={styles["table"]}
          aria-label={t("table")}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
          tabIndex={0}
        >
          <table>
            <thead>
              <tr>
                <th scope="col">{t("from")}</th>
                <th scope="col">{t("lowest", { unit })}</th>
                <th scope="col">{t("highest", { unit })}</th>
                <th scope="col">{t("last", { unit })}</th>
              </tr>
            </thead>
            <tbody>
              {stepsOf(columns, span.from, span.to, STEPS).map((step) => (
                <tr key={step.from}>
                  <th scope="row">
                    <Time at={step.from} />
                  </th>
                  <td>{number(step.low)}</td>
                  <td>{number(step.high)}</td>
                  <td>{step.low === null ? t("gap") : number(step.last)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
