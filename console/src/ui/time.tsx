/** Times as people at the site read them: in its own zone, named; UTC in the tooltip; ages by the event clock. */
import { useFormatter, useTranslations } from "use-intl";
import { useEventNow } from "../api/clock";
import { useSite } from "../api/site";

interface Props {
  /** ISO 8601, UTC, or Unix ms. */
  at: string | number | null | undefined;
  /** `time` leaves the date out; `minute` the seconds. */
  form?: "full" | "time" | "minute" | "date";
  /** Whether the zone's name stands behind it. */
  zone?: boolean;
}

const FORMS = {
  full: { dateStyle: "medium", timeStyle: "medium" },
  time: { timeStyle: "medium" },
  minute: { dateStyle: "medium", timeStyle: "short" },
  date: { dateStyle: "medium" },
} as const;

/** Unix ms of a time as the API gives it; NaN where it is none. */
export function msOf(at: string | number): number {
  return typeof at === "number" ? at : Date.parse(at);
}

export function Time({ at, form = "full", zone = false }: Props) {
  const format = useFormatter();
  const timeZone = useSite()?.time_zone ?? "UTC";
  if (at === null || at === undefined || Number.isNaN(msOf(at))) return <span>–</span>;
  const moment = new Date(msOf(at));
  const iso = moment.toISOString();
  return (
    <time dateTime={iso} title={`${iso.slice(0, 19).replace("T", " ")} UTC`}>
      {format.dateTime(moment, { ...FORMS[form], timeZone, hourCycle: "h23" })}
      {zone && ` ${zoneName(timeZone, moment)}`}
    </time>
  );
}

/** Short name of a zone at a moment, such as "CET" or "GMT+1". */
export function zoneName(timeZone: string, moment: Date): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone, timeZoneName: "short" }).formatToParts(moment);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? timeZone;
}

/** A length of time in the unit that says it in one or two digits, such as "4 min". */
export function useDuration(): (ms: number) => string {
  const t = useTranslations("ui.duration");
  return (ms) => {
    const s = Math.max(0, ms / 1000);
    if (s < 90) return t("seconds", { n: Math.round(s) });
    if (s < 90 * 60) return t("minutes", { n: Math.round(s / 60) });
    if (s < 36 * 3600) return t("hours", { n: Math.round(s / 3600) });
    return t("days", { n: Math.round(s / 86_400) });
  };
}

/** How long ago something was, by the event clock. */
export function Age({ at }: { at: string | number | null | undefined }) {
  const now = useEventNow(1000);
  const duration = useDuration();
  const t = useTranslations("ui.duration");
  if (at === null || at === undefined || now === null) return <span>–</span>;
  const iso = new Date(msOf(at)).toISOString();
  return (
    <time dateTime={iso} title={`${iso.slice(0, 19).replace("T", " ")} UTC`}>
      {t("ago", { age: duration(now - msOf(at)) })}
    </time>
  );
}
