/** Places off the model above the plan: rings, the chosen one larger, filled and named. */
import styles from "./map.module.css";
import type { Point } from "./plane";
import { type Size, toPixel, type View } from "./view";

interface Props {
  spots: readonly { id: string; chosen: boolean; at: Point }[];
  view: View;
  size: Size;
  factor: number;
}

export function Spots({ spots, view, size, factor }: Props) {
  const drawn = [...spots].sort((one, other) => Number(one.chosen) - Number(other.chosen));
  return (
    <svg
      className={styles["over"]}
      width={size.width}
      height={size.height}
      style={{ fontSize: 13 * factor, pointerEvents: "none" }}
      role="presentation"
    >
      {drawn.map((one) => {
        const [x, y] = toPixel(view, size, one.at);
        const end = x > size.width - 90 * factor;
        return (
          <g key={one.id} className={styles["spot"]} data-chosen={one.chosen || undefined} data-spot={one.id}>
            <circle cx={x} cy={y} r={(one.chosen ? 8 : 4) * factor} />
            {one.chosen && (
              <text
                className={`${styles["text"]} ${styles["halo"]} ${styles["strong"]}`}
                x={x + (end ? -13 : 13) * factor}
                y={y + 4.5 * factor}
                textAnchor={end ? "end" : "start"}
              >
                {one.id}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}
