import { describe, expect, it } from "vitest";
import type { HealthState, SourceHealth, Standing } from "../../api/types";
import { freshened, watched, worstOf } from "./shown";

const source = (name: string, told: HealthState, last_seen = "2026-01-01T00:00:00Z"): SourceHealth =>
  ({ source: name, told, state: told, last_seen, balance: null }) as unknown as SourceHealth;
const standing = (name: string, told: HealthState, last_seen: string): Standing =>
  ({ source: name, member: "", told, state: told, last_seen }) as unknown as Standing;

it("nobody watches without the stream or without a fresh pulse", () => {
  expect(watched({ fresh: true }, "live")).toBe(true);
  expect(watched({ fresh: true }, "cut")).toBe(false);
  expect(watched({ fresh: false }, "live")).toBe(false);
  expect(watched(null, "live")).toBe(false);
});

it("none of none is unknown, and the worst is what counts", () => {
  expect(worstOf([])).toBe("unknown");
  expect(worstOf(["live", "unknown"])).toBe("unknown");
  expect(worstOf(["live", "stopped", "unknown", "down"])).toBe("down");
});

describe("freshened", () => {
  it("takes what the stream has told since, and puts the worst first", () => {
    const told = new Map([["b", standing("b", "stopped", "2026-01-01T00:01:00Z")]]);
    const now = freshened([source("a", "live"), source("b", "live")], told, true);
    expect(now.map((one) => [one.source, one.state])).toEqual([
      ["b", "stopped"],
      ["a", "live"],
    ]);
  });

  it("doesn't take what is older than what was read", () => {
    const told = new Map([["a", standing("a", "down", "2025-12-31T00:00:00Z")]]);
    expect(freshened([source("a", "live")], told, true)[0]?.state).toBe("live");
  });

  it("shows all as unknown while nobody watches, whatever was told", () => {
    const now = freshened([source("a", "live"), source("b", "down")], new Map(), false);
    expect(now.map((one) => one.state)).toEqual(["unknown", "unknown"]);
    expect(now.map((one) => one.told)).toEqual(["live", "down"]);
  });
});
