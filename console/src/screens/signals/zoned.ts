/** Wall-clock times of the site's zone, as a field of a form holds them. */

function fields(at: number, timeZone: string): Record<string, string> {
  const form = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return Object.fromEntries(form.formatToParts(at).map((part) => [part.type, part.value]));
}

/** A moment as `2026-03-12T23:30:05` of a zone. */
export function zoned(at: number, timeZone: string): string {
  const { year, month, day, hour, minute, second } = fields(at, timeZone);
  return `${year}-${month}-${day}T${hour}:${minute}:${second}`;
}

/** The inverse, Unix ms; NaN for what is no time. An hour that comes twice is the first; one left out is the next. */
export function inZone(text: string, timeZone: string): number {
  const asUtc = Date.parse(`${text}Z`);
  if (Number.isNaN(asUtc)) return Number.NaN;
  const offset = (at: number) => Date.parse(`${zoned(at, timeZone)}Z`) - at;
  const before = offset(asUtc - 12 * 3_600_000);
  const at = asUtc - before;
  const later = asUtc - offset(at);
  return offset(later) === offset(at) ? later : at;
}
