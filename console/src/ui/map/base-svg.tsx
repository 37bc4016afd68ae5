/** The ground of the plan in SVG: for machines without WebGL, such as remote desktops. */
import styles from "./map.module.css";
import type { Place, Plane } from "./plane";
import { type Size, toPixel, type View } from "./view";

export const GROUND = ["boundary", "zone", "view", "road", "asset"] as const;

export function BaseSvg({ plane, view, size }: { plane: Plane; view: View; size: Size }) {
  const path = (one: Place) => {
    const corners = one.points.map((point) =>
      toPixel(view, size, point)
        .map((n) => n.toFixed(1))
        .join(" "),
    );
    return `M${corners.join("L")}${one.shape === "area" ? "Z" : ""}`;
  };
  return (
    <svg className={styles["base"]} width={size.width} height={size.height} aria-hidden="true" data-engine="svg">
      {GROUND.flatMap((kind) =>
        plane.places
          .filter((one) => one.kind === kind && one.shape !== "point")
          .map((one) => (
            <path key={one.key} d={path(one)} className={styles["ground"]} data-kind={kind} data-type={one.type} />
          )),
      )}
    </svg>
  );
}
