import { expect, it } from "vitest";
import type { Alarm } from "../../api/types";
import { callingOf, MUTE_MS, muteAfter, NOBODY, newlyCalling } from "./sound";

const alarm = (id: string, priority: number, realarmed = false) => ({ id, priority, realarmed }) as Alarm;
const mute = { until: MUTE_MS, priority: 2 };

it("counts what calls by priority", () => {
  const now = callingOf([alarm("a", 2), alarm("b", 2), alarm("c", 4)]);
  expect([now.priority, now.counts, NOBODY.priority]).toEqual([2, { 2: 2, 4: 1 }, 5]);
  expect(callingOf([]).priority).toBe(5);
});

it("knows what calls anew: one that was acknowledged and alarms again, too", () => {
  const before = callingOf([alarm("a", 2)]);
  expect(newlyCalling(before, callingOf([alarm("a", 2), alarm("b", 3)])).map((one) => one.id)).toEqual(["b"]);
  expect(newlyCalling(callingOf([]), callingOf([alarm("a", 2, true)]))).toHaveLength(1);
});

it("ends a mute with its time, for what is more urgent, and when one alarms again; not for more of the same", () => {
  expect(muteAfter(mute, [], 0)).toBe(mute);
  expect(muteAfter(mute, [alarm("b", 2), alarm("c", 3)], 0)).toBe(mute);
  expect(muteAfter(mute, [alarm("b", 1)], 0)).toBe(null);
  expect(muteAfter(mute, [alarm("b", 4, true)], 0)).toBe(null);
  expect(muteAfter(mute, [], MUTE_MS)).toBe(null);
  expect(muteAfter(null, [], 0)).toBe(null);
});
