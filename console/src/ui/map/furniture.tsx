/** What stands at the map's corners: scale, north, wind, zoom. */
import { useFormatter, useTranslations } from "use-intl";
import styles from "./map.module.css";
import type { Wind } from "./types";
import { roundLength } from "./view";

export function Scale({ scale, most = 120, unknown }: { scale: number; most?: number; unknown: number }) {
  const t = useTranslations("map");
  const format = useFormatter();
  const length = roundLength(scale, most);
  const far = length >= 1000;
  return (
    <div className={`${styles["corner"]} ${styles["scale"]}`}>
      <span>
        {format.number(far ? length / 1000 : length, { style: "unit", unit: far ? "kilometer" : "meter" })}
        <div className={styles["bar"]} style={{ width: length / scale }} />
      </span>
      <span role="img" aria-label={t("north")}>
        <svg viewBox="0 0 20 28" style={{ width: "1.125rem", height: "1.55rem" }} aria-hidden="true">
          <path d="M10 1l6 17-6-4-6 4z" fill="currentColor" />
          <text x="10" y="27" textAnchor="middle" fontSize="10" fontWeight="700" fill="currentColor">
            N
          </text>
        </svg>
      </span>
      {unknown > 0 && (
        <span className={styles["legend"]}>
          <svg className={styles["dot"]} viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
            <circle className={styles["unknown"]} cx="7" cy="7" r="6" />
          </svg>
          {t("unknown", { n: unknown })}
        </span>
      )}
    </div>
  );
}

export function Zoom({ zoom, whole }: { zoom: (factor: number) => void; whole: () => void }) {
  const t = useTranslations("map");
  return (
    <div className={`${styles["corner"]} ${styles["tools"]}`}>
      <button type="button" aria-label={t("nearer")} title={t("nearer")} onClick={() => zoom(1.5)}>
        +
      </button>
      <button type="button" aria-label={t("farther")} title={t("farther")} onClick={() => zoom(1 / 1.5)}>
        −
      </button>
      <button type="button" aria-label={t("whole")} title={t("whole")} onClick={whole}>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor">
          <path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" strokeWidth="1.6" />
        </svg>
      </button>
    </div>
  );
}

/** The arrow flies with the wind; the text says where it comes from. */
export function WindRose({ wind }: { wind: Wind }) {
  return (
    <div className={`${styles["corner"]} ${styles["wind"]}`} data-stale={wind.stale || undefined} data-testid="wind">
      <svg viewBox="-12 -12 24 24" aria-hidden="true">
        <path transform={`rotate(${wind.from + 180})`} d="M0-11 6 1H2V11H-2V1H-6Z" />
      </svg>
      <span>{wind.text}</span>
    </div>
  );
}
