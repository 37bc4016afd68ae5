/** Going back to a place finds it scrolled as it was left, once its content is there. */
import { useEffect, useLayoutEffect, useRef } from "react";

const left = new Map<string, number>();

/** Remember how far a page is scrolled under a name, and scroll there again when it is `ready` after going back. */
export function useKeptScroll(name: string, ready: boolean): void {
  const back = useRef(isBack());
  const done = useRef(false);
  useLayoutEffect(() => {
    if (!ready || done.current) return;
    done.current = true;
    if (back.current) window.scrollTo(0, left.get(name) ?? 0);
    else window.scrollTo(0, 0);
  }, [name, ready]);
  useEffect(() => {
    const keep = () => done.current && left.set(name, window.scrollY);
    window.addEventListener("scroll", keep, { passive: true });
    return () => window.removeEventListener("scroll", keep);
  }, [name]);
}

let went = "";
globalThis.addEventListener?.("popstate", () => {
  went = location.href;
});

/** Whether the page was come to by the browser's back or forward. */
function isBack(): boolean {
  return went === location.href;
}

/** A link was followed: what lies there begins at its top, also where it was before. */
for (const way of ["pushState", "replaceState"] as const) {
  globalThis.addEventListener?.(way, () => {
    went = "";
  });
}
