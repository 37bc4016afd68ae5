/** A decision, act or link as a line: when, who, and what in words; the words themselves stand in the catalogue. */
import type { Decision } from "../../api/types";

export interface Line {
  id: string;
  kind: Decision["kind"];
  /** Unix ms of the event clock; null where it isn't told. */
  at: number | null;
  who: string;
  /** Key below `health.decisions.words`; null where there are no words for it. */
  key:
    | "start"
    | "standstill"
    | "clockStep"
    | "thinning"
    | "thinningEnds"
    | "refused"
    | "disk"
    | "site"
    | "link"
    | "alarm"
    | null;
  values: { [name: string]: string | number };
  /** What there are no words for, and remarks. */
  more: string;
  /** Where the subject is. */
  href: string | null;
}

const NS_A_MS = 1e6;
const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

export function lineOf(one: Decision): Line {
  const content = one.content as { [name: string]: unknown };
  const base = { id: one.id, kind: one.kind, who: text(content["by"]), more: "", href: null, values: {} };
  if (one.kind === "action") return actOf(one, base);
  const moment = content["at"] ?? content["clock"];
  const at = typeof moment === "number" ? moment / NS_A_MS : null;
  const source = text(content["source"]);
  if (one.kind === "link") {
    const subject = [source, text(content["member"])].filter(Boolean).join(" ");
    const values = { subject, state: text(content["state"]) };
    return { ...base, at, who: source, key: "link", values, more: text(content["detail"]), href: sourceHref(source) };
  }
  switch (one.what) {
    case "start":
    case "standstill":
      return { ...base, at, key: one.what };
    case "clock-step":
      return { ...base, at, key: "clockStep", values: { s: `${text(content["by_s"])} s` }, who: "" };
    case "thinning": {
      const n = Number(content["keep_every"] ?? 1);
      return { ...base, at, key: n > 1 ? "thinning" : "thinningEnds", values: { source, n }, href: sourceHref(source) };
    }
    case "refused":
      return { ...base, at, key: "refused", values: { source }, href: sourceHref(source) };
    case "disk":
      return { ...base, at, key: "disk", values: { level: text(content["level"]) }, href: "/storage" };
    case "site": {
      const changed = Array.isArray(content["changed"]) ? content["changed"].map(text).join(", ") : "";
      const values = { changed: changed || text(content["version"] ?? content["site_version"]) };
      return { ...base, at, key: "site", values, more: text(content["why"]), href: "/site/check" };
    }
    default:
      return { ...base, at, key: null, more: `${one.what} ${JSON.stringify(content)}` };
  }
}

function actOf(one: Decision, base: Omit<Line, "at" | "key">): Line {
  const event = one.content as { occurred?: string; body?: { [name: string]: unknown } };
  const body = event.body ?? {};
  const subject = text(body["alarm"]) || text(body["incident"]) || text(body["device"]);
  const at = event.occurred ? Date.parse(event.occurred) : null;
  const href = body["alarm"]
    ? `/alarms/${encodeURIComponent(subject)}`
    : body["incident"]
      ? `/incidents/${encodeURIComponent(subject)}`
      : null;
  return {
    ...base,
    at,
    who: text(body["by"]),
    key: "alarm",
    values: { action: one.what, alarm: subject },
    more: text(body["comment"]) || text(body["text"]) || text(body["why"]),
    href,
  };
}

const sourceHref = (source: string) => (source ? `/health/sources/${encodeURIComponent(source)}` : null);
