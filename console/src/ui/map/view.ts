/** What part of the plane is seen: pure arithmetic between metres and pixels. */
import type { Point } from "./plane";

export interface View {
  /** The plane's point in the middle of the picture, metres. */
  x: number;
  y: number;
  /** Metres a pixel. */
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export const toPixel = (view: View, size: Size, [x, y]: Point): Point => [
  size.width / 2 + (x - view.x) / view.scale,
  size.height / 2 - (y - view.y) / view.scale,
];

export const toPlane = (view: View, size: Size, [px, py]: Point): Point => [
  view.x + (px - size.width / 2) * view.scale,
  view.y - (py - size.height / 2) * view.scale,
];

/** The view that shows a whole extent with some pixels around it. */
export function wholeView(extent: readonly [number, number, number, number], size: Size, margin = 40): View {
  const [west, south, east, north] = extent;
  const width = Math.max(size.width - 2 * margin, 50);
  const height = Math.max(size.height - 2 * margin, 50);
  const scale = Math.max((east - west) / width, (north - south) / height, 1e-3);
  return { x: (west + east) / 2, y: (south + north) / 2, scale };
}

/** Zoomed by a factor (above 1: nearer) so that what lies below a pixel stays there; within the bounds of scale. */
export function zoomed(view: View, size: Size, factor: number, at: Point, bounds: readonly [number, number]): View {
  const scale = Math.min(Math.max(view.scale / factor, bounds[0]), bounds[1]);
  const [x, y] = toPlane(view, size, at);
  const [left, top] = [at[0] - size.width / 2, at[1] - size.height / 2];
  return { x: x - left * scale, y: y + top * scale, scale };
}

/** A round length for the scale bar, at most so many pixels long: metres. */
export function roundLength(scale: number, pixels: number): number {
  const most = scale * pixels;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((one) => one * power <= most) ?? 1) * power;
}
