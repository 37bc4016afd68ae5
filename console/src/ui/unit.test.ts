import { expect, it } from "vitest";
import { written } from "./unit";

it.each([
  ["degC", "°C"],
  ["m3/h", "m³/h"],
  ["kg/m**3", "kg/m³"],
  ["bar", "bar"],
  ["", ""],
])("%s is written %s", (unit, as) => expect(written(unit)).toBe(as));
