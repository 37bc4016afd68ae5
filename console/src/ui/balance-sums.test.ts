import { expect, test } from "vitest";
import type { Balance } from "../api/types";
import { addUp, sumsOf } from "./balance-sums";

const one: Balance = {
  read: 10,
  accepted: 6,
  quarantined: { "no-json": 1, "time-unreadable": 2 },
  dropped: { duplicate: 1 },
  cells_accepted: 6,
  cells_empty: 0,
  cells_refused: {},
  late: 2,
  kept: {},
  reingested: {},
  balances: true,
};

test("read is accepted, quarantined and dropped", () => {
  const sums = sumsOf(one);
  expect([sums.quarantined, sums.dropped, sums.missing, sums.balances]).toEqual([3, 1, 0, true]);
  expect(sums.quarantinedBy[0]).toEqual(["time-unreadable", 2]);
});

test("what doesn't add up is told, whatever the server says of it", () => {
  const sums = sumsOf({ ...one, accepted: 5 });
  expect([sums.missing, sums.balances]).toEqual([1, false]);
  expect(sumsOf({ ...one, balances: false }).balances).toBe(false);
});

test("sources add up, reason by reason", () => {
  const both = addUp([one, { ...one, dropped: { thinned: 1 } }]);
  expect(both.quarantined).toEqual({ "no-json": 2, "time-unreadable": 4 });
  expect(both.dropped).toEqual({ duplicate: 1, thinned: 1 });
  expect(sumsOf(both).balances).toBe(true);
  expect(addUp([]).balances).toBe(true);
});
