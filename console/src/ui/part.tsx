/** Parts of the console that are read when first shown.
 *
 * One that can't be read, because the server is away, says so and is asked for again: after a while, when the server is
 * heard again, when somebody wants it. It never ends in an error that nobody takes. Browsers (Chromium 150) remember for
 * a page's life that a module couldn't be had: where one is still missing while the server is heard, the page is loaded
 * anew, unless that would lose what somebody is writing.
 */
import { type ComponentType, lazy, type ReactNode, useEffect, useRef } from "react";
import { Cell, useCell } from "../api/cell";
import { link } from "../api/live";
import { ApiProblem } from "../api/problem";
import { Failed } from "./states";

type Load<P> = () => Promise<{ default: ComponentType<P> }>;
export type Part<P = object> = ComponentType<P> & {
  /** Read it before it is shown. */
  ahead: () => void;
};

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
const LOADED_ANEW = "part.loaded-anew";
const WRITTEN = new Set(["text", "search", "password", "email", "textarea"]);

/** Style sheets that could not be read: Vite asks for each once, and a part must not be shown without its own. */
const missing = new Set<HTMLLinkElement>();
globalThis.addEventListener?.(
  "error",
  ({ target }) => {
    if (target instanceof HTMLLinkElement && target.rel === "stylesheet") missing.add(target);
  },
  { capture: true },
);

function readAgain(sheet: HTMLLinkElement): Promise<void> {
  const fresh = sheet.cloneNode() as HTMLLinkElement;
  missing.delete(sheet);
  return new Promise((done, fail) => {
    fresh.onload = () => done();
    fresh.onerror = () => fail(new Error(fresh.href));
    sheet.replaceWith(fresh);
  });
}

interface Asking<P> {
  asked: Cell<ComponentType<P>>;
  again: () => void;
  frame: ComponentType<P & { children: ReactNode }> | undefined;
  /** How long the next one that can't be read waits. */
  wait: number;
}

/** A part by how it is loaded; `frame` is put about what stands in its place while it can't be read. */
export function part<P extends object = object>(load: Load<P>, frame?: Asking<P>["frame"]): Part<P> {
  const read: Load<P> = async () => {
    await Promise.all([...missing].map(readAgain));
    return load();
  };
  // each time another component: React would take the same one for the one before, whose wait is over
  const away = () => ({ default: (props: P) => <Away asking={asking} props={props} /> });
  const ask = () => lazy(() => read().catch(away)) as unknown as ComponentType<P>;
  const asking: Asking<P> = {
    asked: new Cell(ask()),
    again: () => asking.asked.set(ask()),
    frame,
    wait: FIRST_WAIT_MS,
  };
  return Object.assign((props: P) => <Asked asking={asking} props={props} />, {
    ahead: () => void read().catch(() => undefined),
  });
}

function Asked<P extends object>({ asking, props }: { asking: Asking<P>; props: P }) {
  const Inner = useCell(asking.asked);
  return <Inner {...props} />;
}

/** Stands where a part can't be read. */
function Away<P extends object>({ asking, props }: { asking: Asking<P>; props: P }) {
  const Frame = asking.frame;
  const state = useCell(link);
  const before = useRef(state);
  useEffect(() => {
    if (state === "live" && before.current !== "live") {
      asking.wait = FIRST_WAIT_MS; // however long the server was away, it answers now
      asking.again();
    }
    before.current = state;
  }, [state, asking]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (link.value === "live" && mayLoadAnew()) void renew(asking.again);
      else asking.again();
    }, asking.wait);
    asking.wait = Math.min(2 * asking.wait, LONGEST_WAIT_MS);
    return () => clearTimeout(timer);
  }, [asking]);
  const told = <Failed error={new ApiProblem(0, "")} again={() => void renew(asking.again)} />;
  return Frame ? <Frame {...props}>{told}</Frame> : told;
}

/** Not while something is written in a field, and at most once a minute, should the server itself lack the part. */
function mayLoadAnew(): boolean {
  const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("textarea, input");
  if ([...fields].some((field) => WRITTEN.has(field.type) && field.value !== "")) return false;
  try {
    if (Date.now() - Number(sessionStorage.getItem(LOADED_ANEW) ?? 0) < LONGEST_WAIT_MS) return false;
    sessionStorage.setItem(LOADED_ANEW, String(Date.now()));
    return true;
  } catch {
    return false; // nothing may be kept, so nothing would end a row of reloads
  }
}

/** What is still missing when the server answers isn't there any more: the server has another console now. */
async function renew(again: () => void): Promise<void> {
  const answers = await fetch("/api/v1/health/live", { cache: "no-store" }).then(
    (answer) => answer.ok,
    () => false,
  );
  if (answers) location.reload();
  else again();
}
