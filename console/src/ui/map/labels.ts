/** Labels that never overlap: the more important first, each at the first free place around its point, or not at all. */
import type { Point } from "./plane";
import type { Size } from "./view";

export interface Wanted {
  key: string;
  at: Point;
  width: number;
  height: number;
  /** Pixels between the point and the label. */
  gap: number;
  /** The higher, the earlier it is placed. */
  rank: number;
  /** Placed at its first place even where that is taken: what is wrong is never left out. */
  must?: boolean;
  /** Centred on its point, as names of areas are. */
  centred?: boolean;
}

export interface Placed {
  key: string;
  /** Upper left corner. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const apart = (a: Box, b: Box) =>
  a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

/** Where labels go. `taken` are boxes that none may cover, such as symbols. */
export function placed(wanted: readonly Wanted[], size: Size, taken: readonly Box[] = []): Placed[] {
  const boxes: Box[] = [...taken];
  const found: Placed[] = [];
  const inside = (box: Box) =>
    box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height;
  for (const one of [...wanted].sort((a, b) => b.rank - a.rank || (a.key < b.key ? -1 : 1))) {
    const options = places(one).filter((box) => inside(box));
    const free = options.find((box) => boxes.every((other) => apart(box, other)));
    const box = free ?? (one.must ? nearestFree(one, size, boxes) : undefined);
    if (box) {
      boxes.push(box);
      found.push({ key: one.key, ...box });
    }
  }
  return found;
}

function places({ at: [x, y], width, height, gap, centred }: Wanted): Box[] {
  const box = (left: number, top: number): Box => ({ x: left, y: top, width, height });
  if (centred) return [box(x - width / 2, y - height / 2)];
  return [
    box(x + gap, y - height / 2),
    box(x - gap - width, y - height / 2),
    box(x - width / 2, y - gap - height),
    box(x - width / 2, y + gap),
    box(x + gap, y + gap / 2),
    box(x + gap, y - gap / 2 - height),
    box(x - gap - width, y + gap / 2),
    box(x - gap - width, y - gap / 2 - height),
  ];
}

/** For what must be seen: the free box nearest to its point, sought in rings around it. */
function nearestFree(one: Wanted, size: Size, boxes: readonly Box[]): Box | undefined {
  const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), Math.max(most, 0));
  for (let ring = 1; ring <= 24; ring++) {
    for (let turn = 0; turn < 16; turn++) {
      const angle = (turn / 16) * 2 * Math.PI;
      const box = {
        x: clamp(one.at[0] + Math.cos(angle) * ring * 24 - one.width / 2, size.width - one.width),
        y: clamp(one.at[1] + Math.sin(angle) * ring * 24 - one.height / 2, size.height - one.height),
        width: one.width,
        height: one.height,
      };
      if (boxes.every((other) => apart(box, other))) return box;
    }
  }
  return undefined;
}
