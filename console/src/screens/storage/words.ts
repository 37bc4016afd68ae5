/** Sizes and spans as people say them. */

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** A size as a number of two or three digits and its unit (powers of 1000, as disks are sold). */
export function sized(bytes: number): { value: number; unit: (typeof UNITS)[number]; digits: number } {
  let at = 0;
  let value = Math.abs(bytes);
  while (value >= 999.5 && at < UNITS.length - 1) {
    value /= 1000;
    at += 1;
  }
  const digits = at === 0 || value >= 99.5 ? 0 : 1;
  return { value: Math.sign(bytes) * value, unit: UNITS[at] ?? "B", digits };
}

export type Outlook = "unknown" | "measuring" | "steady" | "far" | "days" | "hours";

/** What to say of when the disk is full. Beyond ten years nobody knows; less than two days is told in hours. */
export function outlook(growth: number | null, fullInDays: number | null, free: number | null): Outlook {
  if (free === null) return "unknown";
  if (growth === null) return "measuring";
  if (fullInDays === null) return "steady";
  if (fullInDays > 3650) return "far";
  return fullInDays < 2 ? "hours" : "days";
}
