/** The sums of a balance sheet: read = accepted + quarantined + dropped, in rows. */
import type { Balance } from "../api/types";

export interface Sums {
  read: number;
  accepted: number;
  late: number;
  quarantined: number;
  dropped: number;
  /** What doesn't add up: read less all that is accounted for. */
  missing: number;
  balances: boolean;
  /** [reason, rows], most first. */
  quarantinedBy: [string, number][];
  droppedBy: [string, number][];
}

const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0);
const ordered = (counts: Record<string, number>) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b));

export function sumsOf(balance: Balance): Sums {
  const quarantined = total(balance.quarantined);
  const dropped = total(balance.dropped);
  const missing = balance.read - balance.accepted - quarantined - dropped;
  return {
    read: balance.read,
    accepted: balance.accepted,
    late: balance.late ?? 0,
    quarantined,
    dropped,
    missing,
    balances: missing === 0 && balance.balances,
    quarantinedBy: ordered(balance.quarantined),
    droppedBy: ordered(balance.dropped),
  };
}

/** Balances of several sources as one. */
export function addUp(balances: readonly Balance[]): Balance {
  const sum: Balance = {
    read: 0,
    accepted: 0,
    quarantined: {},
    dropped: {},
    cells_accepted: 0,
    cells_empty: 0,
    cells_refused: {},
    late: 0,
    kept: {},
    reingested: {},
    balances: true,
  };
  for (const one of balances) {
    for (const name of ["read", "accepted", "cells_accepted", "cells_empty"] as const) sum[name] += one[name];
    sum.late = (sum.late ?? 0) + (one.late ?? 0);
    for (const name of ["quarantined", "dropped", "cells_refused", "kept", "reingested"] as const)
      for (const [reason, count] of Object.entries(one[name] ?? {})) {
        const mine = sum[name] ?? {};
        mine[reason] = (mine[reason] ?? 0) + count;
        sum[name] = mine;
      }
    sum.balances &&= one.balances;
  }
  return sum;
}
