import { describe, expect, it } from "vitest";
import { lengthOf, oneIn, pushOf } from "./weight";

describe("weights of evidence in words", () => {
  it("says bits as factors of the odds: one bit doubles, ten make a thousand times as much", () => {
    expect(pushOf(1)).toEqual({ way: "for", times: 2 });
    expect(pushOf(3)).toEqual({ way: "for", times: 8 });
    expect(pushOf(-10)).toEqual({ way: "against", times: 1000 });
    expect(pushOf(0.56)).toEqual({ way: "for", times: 1.5 });
  });

  it("says nothing of what changes nothing", () => {
    expect(pushOf(0)).toEqual({ way: "none", times: 1 });
    expect(pushOf(-0.03).way).toBe("none");
    expect(pushOf(0.1)).toEqual({ way: "for", times: 1.1 }); // never "1 times likelier"
  });

  it("says small probabilities as one in so many", () => {
    expect(oneIn(0.002037619)).toBe(490);
    expect(oneIn(0.09)).toBe(11);
    expect(oneIn(0.29)).toBeNull();
    expect(oneIn(0)).toBeNull();
  });

  it("draws the longest in full, and what is little as little", () => {
    const all = [{ bits: -4 }, { bits: 2 }, { bits: 0.1 }];
    expect(lengthOf(-4, all)).toBe(1);
    expect(lengthOf(2, all)).toBe(0.5);
    expect(lengthOf(0.1, [{ bits: 0.1 }])).toBe(0.1);
  });
});
