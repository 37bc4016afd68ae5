/** Fields of an asset's model: which are told, in what unit, and what they point at. */
export type FactValue =
  | { kind: "number"; value: number; unit: string }
  | { kind: "lel"; percent: number }
  | { kind: "asset"; id: string }
  | { kind: "zone"; id: string }
  | { kind: "substance"; id: string }
  | { kind: "word"; word: string }
  | { kind: "flag"; value: boolean }
  | { kind: "points"; count: number }
  | { kind: "text"; text: string };

export interface Field {
  name: string;
  value: FactValue;
}

/** Told elsewhere on the page. */
const ELSEWHERE = new Set(["id", "type", "name", "zone", "security_zone", "criticality", "interfaces"]);
const UNITS: Record<string, string> = {
  diameter_m: "m",
  height_m: "m",
  minimum_level_m: "m",
  level_m: "m",
  elevation_m: "m",
  travel_s: "s",
  rated_flow_m3h: "m³/h",
  demand_m3h: "m³/h",
  capacity_m3: "m³",
  expansion_per_k: "1/K",
};
const WORDS = new Set(["fails", "normally", "role"]);
const ASSETS = new Set(["bund", "controller", "tank"]);

/** Fields as they stand in the model; a fraction of the explosive limit in percent, as gas heads show it. */
export function fieldsOf(model: { [key: string]: unknown }): Field[] {
  return Object.entries(model)
    .filter(([name, value]) => !ELSEWHERE.has(name) && value !== null)
    .map(([name, value]) => ({ name, value: factOf(name, value) }));
}

function factOf(name: string, value: unknown): FactValue {
  if (typeof value === "boolean") return { kind: "flag", value };
  if (typeof value === "number") {
    if (name.endsWith("_lel")) return { kind: "lel", percent: Math.round(value * 1e6) / 1e4 };
    return { kind: "number", value, unit: UNITS[name] ?? "" };
  }
  if (typeof value === "string") {
    if (ASSETS.has(name)) return { kind: "asset", id: value };
    if (name === "leads_to") return { kind: "zone", id: value };
    if (name === "substance") return { kind: "substance", id: value };
    return WORDS.has(name) ? { kind: "word", word: value } : { kind: "text", text: value };
  }
  if (Array.isArray(value)) {
    const numbers = value.filter((one): one is number => typeof one === "number");
    if (numbers.length === value.length) {
      const unit = name === "position" || name === "elevation_m" ? " m" : "";
      return { kind: "text", text: `${numbers.join(name === "elevation_m" ? " … " : " / ")}${unit}` };
    }
    return { kind: "points", count: value.length };
  }
  return { kind: "text", text: JSON.stringify(value) };
}
