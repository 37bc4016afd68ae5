/** The wind at the moment shown, from the site's signals of kinds `wind_direction` and `wind_speed`. */
import { useMemo } from "react";
import { useFormatter, useTranslations } from "use-intl";
import type { Wind } from "../../ui/map";
import { useDuration } from "../../ui/time";
import type { Span } from "./player";
import type { SignalOf } from "./scene";
import { useValues } from "./values";

const POINTS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];
const OLD_MS = 5 * 60_000;

/** Name of the compass point nearest to a direction. */
export const pointOf = (degrees: number) => POINTS[Math.round((((degrees % 360) + 360) % 360) / 22.5) % 16] as "N";

export function useWind(signals: readonly SignalOf[], at: number | null, now: number | null, span: Span): Wind | null {
  const t = useTranslations("picture.wind");
  const format = useFormatter();
  const duration = useDuration();
  const direction = signals.find((one) => one.kind === "wind_direction")?.id;
  const speed = signals.find((one) => one.kind === "wind_speed")?.id;
  const wanted = useMemo(
    () => [direction, speed].filter((one): one is string => one !== undefined),
    [direction, speed],
  );
  const values = useValues(wanted, at, span);
  if (!direction) return null;
  const told = values.get(direction);
  if (!told || told.value === null || told.at === null) return { from: 0, text: t("unknown"), stale: true };
  const moment = at ?? now ?? told.at;
  const fast = speed ? values.get(speed) : undefined;
  const words = {
    from: t(`point.${pointOf(told.value)}`),
    degrees: format.number(told.value, { maximumFractionDigits: 0 }),
    age: duration(moment - told.at),
  };
  const text =
    fast && fast.value !== null
      ? t("full", { ...words, speed: format.number(fast.value, { maximumFractionDigits: 1 }), unit: fast.unit })
      : t("direction", words);
  return { from: told.value, text, stale: moment - told.at > OLD_MS };
}
