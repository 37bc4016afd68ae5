/** Signals with their value at the moment shown and a small line of the quarter of an hour before. */

import { useMemo } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { written } from "../../ui/unit";
import styles from "./picture.module.css";
import type { Span } from "./player";
import type { SignalOf } from "./scene";
import { useValues, type Value } from "./values";

interface Props {
  signals: readonly SignalOf[];
  at: number | null;
  now: number | null;
  span: Span;
}

const MOST = 12;

export function SignalValues({ signals, at, now, span }: Props) {
  const t = useTranslations("picture");
  const shown = signals.slice(0, MOST);
  const ids = useMemo(() => shown.map((one) => one.id), [shown]);
  const values = useValues(ids, at, span);
  const format = useFormatter();
  const moment = at ?? now;
  return (
    <table className={styles["values"]}>
      <caption className="sr-only">{t("values")}</caption>
      <tbody>
        {shown.map((one) => {
          const value = values.get(one.id);
          const around = moment === null ? "" : `?at=${new Date(moment).toISOString()}`;
          return (
            <tr key={one.id}>
              <th scope="row">
                <Link href={`/signals/${encodeURIComponent(one.id)}${around}`}>{one.id}</Link>
              </th>
              <td className={styles["number"]} data-testid={`value-${one.id}`}>
                {value && value.value !== null ? (
                  <>
                    {format.number(value.value, { maximumSignificantDigits: 6 })} <small>{written(value.unit)}</small>
                  </>
                ) : (
                  <span className={styles["nobody"]}>{t("noValue")}</span>
                )}
              </td>
              <td>{value && <Trail value={value} />}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const [WIDTH, HEIGHT] = [96, 22];

/** Gaps are drawn as gaps. */
function Trail({ value }: { value: Value }) {
  const told = value.trail.filter((one): one is readonly [number, number] => one[1] !== null);
  if (told.length < 2) return null;
  const [low, high] = [Math.min(...told.map((one) => one[1])), Math.max(...told.map((one) => one[1]))];
  const [begin, end] = [
    (value.trail[0] as readonly [number, unknown])[0],
    (value.trail.at(-1) as readonly [number, unknown])[0],
  ];
  const x = (time: number) => ((time - begin) / Math.max(end - begin, 1)) * WIDTH;
  // Noise is a flat line, as in the list of signals.
  const size = Math.max(high - low, Math.abs(high + low) / 100);
  const y = (number: number) =>
    size === 0 ? HEIGHT / 2 : HEIGHT / 2 - ((number - (high + low) / 2) / size) * (HEIGHT - 4);
  let path = "";
  let pen = false;
  for (const [time, number] of value.trail) {
    if (number !== null) path += `${pen ? "L" : "M"}${x(time).toFixed(1)} ${y(number).toFixed(1)}`;
    pen = number !== null;
  }
  return (
    <svg className={styles["trail"]} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
