import { describe, expect, it } from "vitest";
import { HOUR, panned, spanOf, viewOf, withView, zoomed } from "./span";

describe("zoomed", () => {
  it("leaves the moment where it is", () => {
    expect(zoomed({ from: 0, to: 100_000 }, 0.5, 25_000)).toEqual({ from: 12_500, to: 62_500 });
  });
  it("goes no closer than a second", () => {
    const { from, to } = zoomed({ from: 0, to: 1_500 }, 0.01);
    expect(to - from).toBe(1_000);
  });
});

it("is panned by a share of its length", () => {
  expect(panned({ from: 0, to: 100 }, -0.25)).toEqual({ from: -25, to: 75 });
});

describe("a view in the address", () => {
  const there = (query: string) => viewOf(new URLSearchParams(query));
  it("comes back as it was sent", () => {
    for (const view of [{ from: 1_000, to: 61_000 }, { last: 900_000 }]) {
      expect(viewOf(withView(new URLSearchParams("s=A&last=7"), view))).toEqual(view);
    }
    expect(withView(new URLSearchParams("s=A&last=7"), { from: 0, to: 1 }).getAll("s")).toEqual(["A"]);
  });
  it.each(["", "last=-1", "last=x", "from=b&to=c", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "last=1e99"])(
    "is the last hour where it says none: %s",
    (query) => expect(there(query)).toEqual({ last: HOUR }),
  );
});

it("follows the clock", () => expect(spanOf({ last: 10 }, 100)).toEqual({ from: 90, to: 100 }));
