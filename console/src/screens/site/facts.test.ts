import { expect, it } from "vitest";
import { fieldsOf } from "./facts";

it("tells fields with their units and what they point at, and leaves out what stands elsewhere", () => {
  const told = fieldsOf({
    id: "T-1",
    type: "tank",
    zone: "farm",
    criticality: 5,
    height_m: 14.5,
    bund: "BUND-A",
    substance: "petrol",
    low_alarm_lel: 0.1,
    safety: true,
    fails: "closed",
    strapping: [
      [0, 0],
      [1, 400],
    ],
    position: [92, 278],
    strange: { a: 1 },
  });
  expect(Object.fromEntries(told.map((one) => [one.name, one.value]))).toEqual({
    height_m: { kind: "number", value: 14.5, unit: "m" },
    bund: { kind: "asset", id: "BUND-A" },
    substance: { kind: "substance", id: "petrol" },
    low_alarm_lel: { kind: "lel", percent: 10 },
    safety: { kind: "flag", value: true },
    fails: { kind: "word", word: "closed" },
    strapping: { kind: "points", count: 2 },
    position: { kind: "text", text: "92 / 278 m" },
    strange: { kind: "text", text: '{"a":1}' },
  });
});
