import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Listener, listen } from "./frames";
import { behind } from "./position";

describe("behind", () => {
  it("is who lacks something of any partition", () => {
    expect(behind("r5.s7.i9", "r5.s7.i9")).toBe(false);
    expect(behind("r5.s7.i9", "r4.s7.i9")).toBe(false);
    expect(behind("r5.s7.i9", "r6.s7.i9")).toBe(true);
    expect(behind("r5.s7.i9", "r5.s7.i10")).toBe(true);
  });

  it("is nobody who has only begun", () => {
    expect(behind("", "r5.s7.i9")).toBe(false);
  });
});

/** A tab that hears what others tell. */
function tab(at: string) {
  const heard: string[] = [];
  let position = at;
  const listener: Listener = {
    opened: () => undefined,
    frame(kind, _, id) {
      heard.push(`${kind} ${id}`);
      position = id;
    },
    cut: () => undefined,
    refused: () => undefined,
  };
  return { heard, end: listen("topics=alarms", () => position, listener) };
}

describe("a tab that others tell", () => {
  let speaker: { onmessage: ((event: { data: unknown }) => void) | null };
  const tell = (data: unknown) => speaker.onmessage?.({ data });

  beforeEach(() => {
    vi.stubGlobal("navigator", { locks: { request: () => new Promise(() => undefined) } });
    vi.stubGlobal(
      "BroadcastChannel",
      class {
        onmessage = null;
        constructor() {
          speaker = this;
        }
        postMessage() {}
        close() {}
      },
    );
    vi.stubGlobal("addEventListener", () => undefined);
  });
  afterEach(() => vi.unstubAllGlobals());

  it("goes on with frames that follow each other, and with those that come twice", () => {
    const { heard, end } = tab("r1.s1.i1");
    tell({ kind: "update", data: "{}", id: "r2.s1.i1", from: "r1.s1.i1" });
    tell({ kind: "update", data: "{}", id: "r2.s1.i1", from: "r1.s1.i1" });
    tell({ kind: "update", data: "{}", id: "r2.s3.i1", from: "r2.s1.i1" });
    expect(heard).toEqual(["update r2.s1.i1", "update r2.s1.i1", "update r2.s3.i1"]);
    end();
  });

  it("reads anew where a frame was told that it hasn't heard, or another tab begins later than it stands", () => {
    const { heard, end } = tab("r1.s1.i1");
    tell({ kind: "update", data: "{}", id: "r4.s1.i1", from: "r3.s1.i1" });
    tell({ kind: "start", data: "{}", id: "r6.s1.i1", from: "r6.s1.i1" });
    expect(heard).toEqual(["reset r3.s1.i1", "update r4.s1.i1", "reset r6.s1.i1", "start r6.s1.i1"]);
    end();
  });
});
