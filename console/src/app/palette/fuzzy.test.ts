import { expect, it } from "vitest";
import { best, score } from "./fuzzy";

const found = (typed: string, all: string[]) => best(typed, all, (one) => one, 10);

it("finds letters in order, best where they stand together or begin words", () => {
  expect(found("t103", ["LT-103 level", "T-103 tank", "XV-103"])[0]).toBe("T-103 tank");
  expect(found("go al", ["Go to: Signals", "Go to: Alarms"])[0]).toBe("Go to: Alarms");
  expect(found("zz", ["Alarms"])).toEqual([]);
  expect(found("", ["b", "a"])).toEqual(["b", "a"]);
});

it("wants every word", () => {
  expect(score("gas tank", "Gas above the alarm")).toBe(null);
  expect(score("tank gas", "Gas at the tank")).not.toBe(null);
});
