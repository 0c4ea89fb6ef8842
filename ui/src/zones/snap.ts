// Snapping: pulls a point onto corners, edges and the picture's border. Pure.

import type { Point, Shape } from '../api/types';
import { toPoint } from './geometry';

/** `size`: of the picture on screen; `radius`: how far it pulls; both in CSS pixels. */
export interface SnapField {
  size: { width: number; height: number };
  radius: number;
}

function nearestOnEdge([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): Point {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / length));
  return [ax + part * dx, ay + part * dy];
}

/** Corners pull before edges, edges before the border. */
export function snap(
  point: Point,
  shapes: readonly (Pick<Shape, 'points'> & { isClosed: boolean })[],
  { size, radius }: SnapField,
): Point {
  const toPixels = ([x, y]: Point): Point => [x * size.width, y * size.height];
  const wanted = toPixels(point);
  const distance = ([x, y]: Point) => Math.hypot(x - wanted[0], y - wanted[1]);
  const nearest = (candidates: Point[]): Point | null => {
    const [best] = candidates
      .map((at) => ({ at, far: distance(at) }))
      .filter(({ far }) => far <= radius)
      .sort((a, b) => a.far - b.far);
    return best?.at ?? null;
  };
  const corners = shapes.flatMap(({ points }) => points.map(toPixels));
  const edges = shapes.flatMap(({ points, isClosed }) => {
    const list = points.map(toPixels);
    return list.flatMap((from, index) => {
      const to = list[index + 1] ?? (isClosed ? list[0] : undefined);
      return to === undefined ? [] : [nearestOnEdge(wanted, from, to)];
    });
  });
  const found = nearest(corners) ?? nearest(edges);
  if (found !== null) return toPoint(found[0] / size.width, found[1] / size.height);
  const pull = (value: number, length: number) => {
    if (value <= radius) return 0;
    return value >= length - radius ? length : value;
  };
  return toPoint(pull(wanted[0], size.width) / size.width, pull(wanted[1], size.height) / size.height);
}
