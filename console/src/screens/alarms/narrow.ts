/** Whether the screen is a phone's: rows are cards there, and filters are folded away. */
import { useEffect, useState } from "react";

const NARROW = "(max-width: 720px)";

export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const media = matchMedia(NARROW);
    const told = () => setNarrow(media.matches);
    media.addEventListener("change", told);
    return () => media.removeEventListener("change", told);
  }, []);
  return narrow;
}

/** Height of the page's head in px: it grows when alarms call. */
export function useHeadHeight(): number {
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const head = document.querySelector("header");
    if (!head) return undefined;
    const observer = new ResizeObserver(() => setHeight(head.offsetHeight));
    observer.observe(head);
    return () => observer.disconnect();
  }, []);
  return height;
}
