/** A record's fields as rows to read: known ones by name and in a sensible order, the rest as they are. */

export type Value = string | number | boolean | null;

export interface Row {
  field: string;
  value: Value;
  /** A time, ISO 8601. */
  time: boolean;
}

/** Shown apart, or of no use to a reader. */
const LEFT_OUT = new Set([
  "kind",
  "contributions",
  "evidence",
  "detections",
  "timeline",
  "detections_digest",
  "aliases",
]);
const TIMES = new Set([
  "began",
  "until",
  "updated",
  "first_alarm",
  "occurred",
  "observed",
  "watermark",
  "clock",
  "last_raise",
]);

function isValue(value: unknown): value is Value {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

/** Rows of a body; lists of plain values become one line, what is nested further is left to the whole record. */
export function rowsOf(body: Readonly<Record<string, unknown>>): Row[] {
  const rows: Row[] = [];
  for (const [field, value] of Object.entries(body)) {
    if (LEFT_OUT.has(field)) continue;
    if (isValue(value)) rows.push({ field, value, time: TIMES.has(field) && typeof value === "string" });
    else if (Array.isArray(value) && value.every(isValue) && value.length > 0)
      rows.push({ field, value: value.join(", "), time: false });
  }
  return rows;
}
