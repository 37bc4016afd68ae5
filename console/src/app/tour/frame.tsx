/** A frame around what the tour points at; it follows the page and takes no click. */
import { useEffect, useRef } from "react";
import styles from "./tour.module.css";

const AGAIN_MS = 250;

export function Frame({ anchors }: { anchors: readonly string[] }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = () => {
      const frame = ref.current;
      const target = anchors.map((one) => document.querySelector(one)).find((one) => one !== null);
      if (!frame) return;
      frame.hidden = !target;
      if (!target) return;
      const box = target.getBoundingClientRect();
      const top = Math.max(box.top, 0);
      frame.style.top = `${top}px`;
      frame.style.left = `${Math.max(box.left, 0)}px`;
      frame.style.width = `${Math.min(box.right, innerWidth) - Math.max(box.left, 0)}px`;
      frame.style.height = `${Math.max(0, Math.min(box.bottom, innerHeight) - top)}px`;
    };
    place();
    const timer = setInterval(place, AGAIN_MS); // screens are drawn when their data come
    addEventListener("scroll", place, { passive: true });
    addEventListener("resize", place);
    return () => {
      clearInterval(timer);
      removeEventListener("scroll", place);
      removeEventListener("resize", place);
    };
  }, [anchors]);
  return <div ref={ref} className={styles["frame"]} aria-hidden="true" />;
}
