/** The stream as one connection for all tabs of a browser.
 *
 * A browser opens six connections to a server and no more; a control room opens more tabs than that, and the seventh
 * would hang. So one tab listens and tells the others. Which one, the browser's lock manager decides: when that tab goes,
 * the next takes the lock and goes on from the last frame it heard of, so nothing is missed. Where there are no locks (a
 * page over plain HTTP from another machine), or the listening tab falls silent, each tab listens for itself. A frame that
 * another tab tells comes with the position it goes on from: whoever stands before it has missed something.
 */
import { behind } from "./position";

export type FrameKind = "start" | "update" | "reset";

export interface Listener {
  /** The server is heard. */
  opened: () => void;
  frame: (kind: FrameKind, data: string, id: string) => void;
  /** Not heard any more; it is tried again. */
  cut: () => void;
  /** The server has answered with a refusal: whoever listens must find out why, and begin anew. */
  refused: () => void;
}

type Told =
  | { kind: FrameKind; data: string; id: string; from: string }
  | { kind: "opened" | "cut" | "refused" | "anyone" };

const SILENCE_MS = 25_000; // the server says something at least every ten seconds
const QUIET_MS = 5_000; // a pulse comes each second; without one, a dead connection and a quiet plant look the same
const ANSWER_MS = 5_000;
const KINDS: readonly FrameKind[] = ["start", "update", "reset"];

/** Whether the server answers at all. */
const answers = (): Promise<boolean> =>
  fetch("/api/v1/health/live", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) }).then(
    (answer) => answer.ok,
    () => false,
  );

/** Listen to the stream.
 *
 * @param query what to follow, without position: tabs that ask alike share a connection.
 * @param position where this tab stands, asked for whenever a connection is opened; empty begins now. A tab that joins
 * others hears what comes from then on: it must read what stands after `opened`, not before.
 * @returns ends it.
 */
export function listen(query: string, position: () => string, listener: Listener): () => void {
  const name = `infrastress-stream?${query}`;
  const end = new AbortController();
  let source: EventSource | null = null;
  let channel: BroadcastChannel | null = null;
  let watch: ReturnType<typeof setTimeout> | undefined;
  let isOpen = false;
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let ask = (): void => undefined;

  const take = (told: Told): void => {
    if (end.signal.aborted) return;
    if ("data" in told) {
      const missed = told.kind !== "reset" && behind(position(), told.from);
      if (missed) listener.frame("reset", told.data, told.from);
      listener.frame(told.kind, told.data, told.id);
    } else if (told.kind !== "anyone") listener[told.kind]();
  };
  const tell = (told: Told): void => {
    channel?.postMessage(told);
    take(told);
  };

  const open = (): void => {
    clearTimeout(watch);
    const from = position();
    let last = from;
    const opened = new EventSource(`/api/v1/stream?${query}${from && `&after=${encodeURIComponent(from)}`}`);
    source = opened;
    const heard = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(() => void doubt(), QUIET_MS);
    };
    // A pulled cable ends no connection: nothing comes any more, and the browser would wait for minutes.
    const doubt = async (): Promise<void> => {
      const answered = await answers();
      if (end.signal.aborted || source !== opened) return;
      if (answered && isOpen) return heard();
      opened.close();
      if (isOpen) tell({ kind: "cut" });
      isOpen = false;
      open();
    };
    heard();
    ask = () => void doubt();
    opened.onopen = () => {
      isOpen = true;
      heard();
      tell({ kind: "opened" });
    };
    for (const kind of KINDS) {
      opened.addEventListener(kind, (event) => {
        heard();
        const id = event.lastEventId;
        const began = kind === "start" ? id : last;
        last = id || last;
        tell({ kind, data: event.data, id, from: began });
      });
    }
    opened.onerror = () => {
      isOpen = false;
      // The browser tries again by itself, with the last frame's id, unless it was refused.
      tell({ kind: opened.readyState === EventSource.CLOSED ? "refused" : "cut" });
    };
  };

  globalThis.addEventListener("offline", () => ask(), { signal: end.signal });
  if (!globalThis.navigator?.locks || !globalThis.BroadcastChannel) {
    open();
  } else {
    const shared = new BroadcastChannel(name);
    channel = shared;
    const watchAgain = (): void => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        shared.onmessage = null; // on our own from here: what the silent tab says later would come twice
        open();
      }, SILENCE_MS);
    };
    shared.onmessage = ({ data }: MessageEvent<Told>) => {
      if (data.kind === "anyone") {
        if (source) shared.postMessage({ kind: isOpen ? "opened" : "cut" } satisfies Told);
      } else if (!source) {
        watchAgain();
        take(data);
      }
    };
    watchAgain();
    shared.postMessage({ kind: "anyone" } satisfies Told);
    navigator.locks
      .request(name, { signal: end.signal }, () => {
        if (!source) open();
        return new Promise<void>((done) => end.signal.addEventListener("abort", () => done()));
      })
      .catch(() => undefined); // ended before it was our turn
  }

  return () => {
    end.abort();
    clearTimeout(watch);
    clearTimeout(quiet);
    source?.close();
    channel?.close();
  };
}
