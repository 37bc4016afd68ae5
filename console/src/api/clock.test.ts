import { expect, it } from "vitest";
import { clockTold, eventNow } from "./clock";

it("runs with the plant's speed between pulses and stands when they stay away", () => {
  expect(eventNow(0)).toBeNull();
  clockTold(1_000_000, 0);
  for (let second = 1; second <= 40; second++) clockTold(1_000_000 + second * 30_000, second * 1_000);
  const last = 1_000_000 + 40 * 30_000;
  expect(eventNow(40_500)).toBeGreaterThan(last + 14_000);
  expect(eventNow(40_500)).toBeLessThan(last + 16_000);
  expect(eventNow(100_000)).toBe(eventNow(200_000));
  clockTold(5, 200_000); // an old pulse turns nothing back
  expect(eventNow(200_000)).toBeGreaterThan(last);
});
