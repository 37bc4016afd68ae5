/** How many kept messages came in each hour of the last day in which any came, as small bars. */
import { useTranslations } from "use-intl";
import { msOf } from "../../ui/time";
import styles from "./quarantine.module.css";

const HOUR = 3_600_000;
const SHOWN = 24;

export function Hours({ hours }: { hours: readonly { hour: string; count: number }[] }) {
  const t = useTranslations("quarantine");
  const known = new Map(hours.map(({ hour, count }) => [msOf(hour), count]));
  const last = Math.max(...known.keys());
  if (known.size === 0) return <span className={styles["hours"]} />;
  const counts = Array.from({ length: SHOWN }, (_, i) => known.get(last - (SHOWN - 1 - i) * HOUR) ?? 0);
  const most = Math.max(...counts);
  return (
    <svg
      className={styles["hours"]}
      viewBox={`0 0 ${SHOWN * 4} 20`}
      preserveAspectRatio="none"
      role="img"
      aria-label={t("byHour", { most })}
    >
      <title>{t("byHour", { most })}</title>
      {counts.map((count, i) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: the place is the hour
          key={i}
          x={i * 4}
          width="3"
          y={20 - Math.max(count ? 2 : 0.5, (20 * count) / most)}
          height={Math.max(count ? 2 : 0.5, (20 * count) / most)}
        />
      ))}
    </svg>
  );
}
