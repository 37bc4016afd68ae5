/** Weights of evidence as people read them: bits as factors, small probabilities as "1 in N". Pure. */

/** Below this a piece changes nothing beside the others: a twentieth of the odds. */
export const LEAST_BITS = 0.075;

export interface Push {
  way: "for" | "against" | "none";
  /** How many times likelier, or less likely, it makes the explanation: 1 or more, as exact as anybody needs. */
  times: number;
}

/** What a piece does to the odds: bits are their logarithm to base 2 (I. J. Good, 1950). */
export function pushOf(bits: number): Push {
  const times = rounded(2 ** Math.min(Math.abs(bits), 40));
  if (Math.abs(bits) < LEAST_BITS) return { way: "none", times: 1 };
  return { way: bits > 0 ? "for" : "against", times };
}

/** N of "1 in N" for a probability; null where that says less than a percentage, or where it is next to never. */
export function oneIn(probability: number): number | null {
  return probability >= 0.1 || probability < 1e-6 ? null : rounded(1 / probability);
}

/** Length of a bar, 0 to 1, beside the longest of a list. */
export function lengthOf(bits: number, all: readonly { bits: number }[]): number {
  return Math.abs(bits) / Math.max(1, ...all.map((one) => Math.abs(one.bits)));
}

/** Two digits are as many as such a number deserves. */
function rounded(value: number): number {
  return Number(value.toPrecision(2));
}
