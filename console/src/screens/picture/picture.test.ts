import { describe, expect, it } from "vitest";
import type { Past } from "../../api/types";
import { LIVE, moved } from "./player";
import { abnormal, changesOf, sceneAt, unknownAssets, versionAt } from "./scene";

const alarm = (at_ms: number, state: string, severity = "high") => ({
  at_ms,
  version: at_ms,
  state,
  severity,
  priority: 1,
  annunciated: true,
  cleared: false,
  sentence: "s",
});

const PAST = {
  begin: new Date(1000).toISOString(),
  end: new Date(9000).toISOString(),
  whole_from: new Date(1000).toISOString(),
  step_s: 0,
  left_out: 0,
  unwatched: [[new Date(6000).toISOString(), new Date(7000).toISOString()]],
  alarms: [
    {
      id: "a",
      title: "Overfill",
      rule: "r",
      source_kind: "telemetry",
      assets: ["T-1"],
      zone: "",
      raised: new Date(2000).toISOString(),
      versions: [alarm(2000, "unacknowledged"), alarm(4000, "acknowledged", "critical"), alarm(8000, "closed")],
    },
  ],
  incidents: [
    {
      id: "i",
      began: new Date(500).toISOString(),
      announced: new Date(500).toISOString(),
      versions: [
        {
          at_ms: 1000,
          revision: 2,
          state: "open",
          hypothesis: "h",
          title: "Leak",
          severity: "high",
          confidence: 0.4,
          assets: [],
        },
        {
          at_ms: 5000,
          revision: 3,
          state: "open",
          hypothesis: "h",
          title: "Fire",
          severity: "critical",
          confidence: 0.9,
          assets: [],
        },
      ],
    },
  ],
  health: [
    {
      source: "scada",
      member: "",
      versions: [
        { at_ms: 1000, state: "live", detail: "" },
        { at_ms: 3000, state: "stopped", detail: "" },
      ],
    },
  ],
} as unknown as Past;

describe("a moment of the past", () => {
  it("shows what was known then, not what came later", () => {
    expect(sceneAt(PAST, 1999).alarms).toEqual([]);
    expect(sceneAt(PAST, 2000).alarms[0]?.state).toBe("unacknowledged");
    expect(sceneAt(PAST, 4500).alarms[0]?.severity).toBe("critical");
    expect(sceneAt(PAST, 8000).alarms).toEqual([]);
    expect(sceneAt(PAST, 4999).incidents[0]?.title).toBe("Leak");
    expect(sceneAt(PAST, 5000).incidents[0]?.title).toBe("Fire");
  });
  it("knows nothing of sources while nobody watched", () => {
    expect(sceneAt(PAST, 5000).sources[0]?.state).toBe("stopped");
    expect(sceneAt(PAST, 6500).sources[0]?.state).toBe("unknown");
  });
  it("says what calls and which assets are unheard", () => {
    expect(abnormal(sceneAt(PAST, 2000)).get("T-1")).toEqual({ severity: "high", calling: true, count: 1 });
    expect(abnormal(sceneAt(PAST, 4500)).get("T-1")?.calling).toBe(false);
    const signals = [{ id: "LT-1", asset: "T-1", source: "scada", kind: "level" }];
    expect(unknownAssets(sceneAt(PAST, 2000), signals).size).toBe(0);
    expect(unknownAssets(sceneAt(PAST, 3500), signals)).toEqual(new Set(["T-1"]));
  });
  it("lists its changes in order, once each", () => {
    expect(changesOf(PAST)).toEqual([2000, 3000, 4000, 5000, 8000]);
    expect(versionAt([], 5)).toBeNull();
  });
});

describe("the player", () => {
  const span = { from: 1000, to: 9000 };
  const changes = [2000, 3000, 8000];
  it("steps to the next and previous change and stays within the span", () => {
    const back = moved(LIVE, { do: "step", by: -1, changes }, span);
    expect(back.at).toBe(8000);
    expect(moved(back, { do: "step", by: -1, changes }, span).at).toBe(3000);
    expect(moved(back, { do: "step", by: 1, changes }, span).at).toBe(9000);
    expect(moved(LIVE, { do: "seek", at: -5 }, span).at).toBe(1000);
  });
  it("plays at its speed, stops at the end, and goes back to live", () => {
    let player = moved(moved(LIVE, { do: "seek", at: 2000 }, span), { do: "play" }, span);
    player = moved(player, { do: "pass", ms: 100 }, span);
    expect(player.at).toBe(8000);
    player = moved(player, { do: "pass", ms: 100 }, span);
    expect(player).toMatchObject({ at: 9000, playing: false });
    expect(moved(player, { do: "play" }, span).at).toBe(1000);
    expect(moved(player, { do: "live" }, span).at).toBeNull();
  });
});
