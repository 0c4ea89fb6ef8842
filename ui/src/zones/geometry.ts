// Geometry of the zone editor: crossings, hits, corners. Pure; coordinates 0..=1.

import type { Point } from '../api/types';

export const MIN_CORNERS = 3;
export const MIN_LINE_POINTS = 2;
export const MAX_CORNERS = 64;

const clamp01 = (value: number) => Math.min(1, Math.max(0, value));

/** Inside the picture, at a ten-thousandth of its size. */
export function toPoint(x: number, y: number): Point {
  const round = (value: number) => Math.round(clamp01(value) * 10_000) / 10_000;
  return [round(x), round(y)];
}

/** Twice the signed area of a triangle: its sign says on which side `c` lies. */
function side(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

function isWithin(a: Point, b: Point, p: Point): boolean {
  return (
    Math.min(a[0], b[0]) <= p[0] &&
    p[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= p[1] &&
    p[1] <= Math.max(a[1], b[1])
  );
}

/** Whether two edges cross or touch. */
export function edgesMeet(a: Point, b: Point, c: Point, d: Point): boolean {
  const [abc, abd, cda, cdb] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
  if (Math.sign(abc) * Math.sign(abd) < 0 && Math.sign(cda) * Math.sign(cdb) < 0) return true;
  return (
    (abc === 0 && isWithin(a, b, c)) ||
    (abd === 0 && isWithin(a, b, d)) ||
    (cda === 0 && isWithin(c, d, a)) ||
    (cdb === 0 && isWithin(c, d, b))
  );
}

function at(points: readonly Point[], index: number): Point {
  const point = points[index % points.length];
  if (point === undefined) throw new RangeError(`corner ${index} of ${points.length}`);
  return point;
}

export const edge = (points: readonly Point[], index: number): [Point, Point] => [
  at(points, index),
  at(points, index + 1),
];

function samePlace(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** Whether neighbouring edges a-b and b-c fold back onto each other. */
function foldsBack(a: Point, b: Point, c: Point): boolean {
  const dot = (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]);
  return side(a, b, c) === 0 && dot > 0;
}

/**
 * The first two edges that cross, touch or fold onto each other; edge i starts at corner i.
 * An open line has no edge from its last point back to its first.
 */
export function findCrossing(points: readonly Point[], isClosed = true): [number, number] | null {
  const count = isClosed ? points.length : points.length - 1;
  for (let first = 0; first < count; first += 1) {
    const [a, b] = edge(points, first);
    if (samePlace(a, b)) return [first, first];
    for (let second = first + 1; second < count; second += 1) {
      const [c, d] = edge(points, second);
      const isNext = second === first + 1;
      const isWrap = isClosed && first === 0 && second === count - 1;
      if (isNext && isWrap) continue;
      if (isNext ? foldsBack(a, b, d) : isWrap ? foldsBack(c, d, b) : edgesMeet(a, b, c, d))
        return [first, second];
    }
  }
  return null;
}

/** The edge of the open path that the next corner would cross; null when it is free. */
export function crossingOfNext(path: readonly Point[], next: Point): number | null {
  const last = path.at(-1);
  if (last === undefined) return null;
  if (samePlace(last, next)) return path.length - 1;
  for (let index = 0; index + 2 < path.length; index += 1) {
    const [a, b] = edge(path, index);
    if (edgesMeet(a, b, last, next)) return index;
  }
  const before = path.at(-2);
  return before !== undefined && foldsBack(before, last, next) ? path.length - 2 : null;
}

export function area(points: readonly Point[]): number {
  let doubled = 0;
  points.forEach((point, index) => {
    const next = at(points, index + 1);
    doubled += point[0] * next[1] - next[0] * point[1];
  });
  return Math.abs(doubled) / 2;
}

/** Even-odd rule; points on the border may fall on either side. */
export function isInside(points: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  points.forEach((a, index) => {
    const b = at(points, index + 1);
    if (a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) inside = !inside;
  });
  return inside;
}

export const midpoint = ([ax, ay]: Point, [bx, by]: Point): Point => toPoint((ax + bx) / 2, (ay + by) / 2);

/** Where a zone's number stands: the middle of its corners, or its first corner when that lies outside. */
export function labelPoint(points: readonly Point[]): Point {
  if (points.length === 0) return [0, 0];
  const sum = points.reduce(([x, y], point) => [x + point[0], y + point[1]] as Point, [0, 0] as Point);
  const middle: Point = [sum[0] / points.length, sum[1] / points.length];
  return points.length < 3 || isInside(points, middle) ? middle : at(points, 0);
}

/** Shapes under a point, topmost (last) first. */
export function hits<T extends { points: readonly Point[] }>(shapes: readonly T[], point: Point): T[] {
  return shapes.filter((shape) => isInside(shape.points, point)).reverse();
}

/** Moves a whole shape, keeping it inside the picture. */
export function moved(points: readonly Point[], dx: number, dy: number): Point[] {
  const limit = (delta: number, values: number[]) =>
    Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), delta));
  const stepX = limit(
    dx,
    points.map(([x]) => x),
  );
  const stepY = limit(
    dy,
    points.map(([, y]) => y),
  );
  return points.map(([x, y]) => toPoint(x + stepX, y + stepY));
}

/** What is wrong with a shape in plain words; null when it can be used. */
export function shapeProblem(points: readonly Point[], isClosed = true): string | null {
  const [what, least] = isClosed ? ['A zone', MIN_CORNERS] : ['A line', MIN_LINE_POINTS];
  if (points.length < least) return `${what} needs at least ${least} corners.`;
  if (points.length > MAX_CORNERS) return `${what} has at most ${MAX_CORNERS} corners.`;
  if (findCrossing(points, isClosed) !== null)
    return 'Two edges cross. Move or delete a corner of the red edges.';
  return null;
}

/** How far a point is from an open line, in the units of its coordinates. */
export function distanceToLine(points: readonly Point[], [px, py]: Point): number {
  let best = Infinity;
  for (let index = 0; index + 1 < points.length; index += 1) {
    const [[ax, ay], [bx, by]] = edge(points, index);
    const [dx, dy] = [bx - ax, by - ay];
    const length = dx * dx + dy * dy;
    const part = length === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / length));
    best = Math.min(best, Math.hypot(ax + part * dx - px, ay + part * dy - py));
  }
  return best;
}

/** Middle of an open line by length, and the unit vector there from its left to its right. */
export function lineMiddle(points: readonly Point[]): { at: Point; right: Point } {
  const lengths = points.slice(1).map(([x, y], index) => {
    const [fromX, fromY] = at(points, index);
    return Math.hypot(x - fromX, y - fromY);
  });
  let left = lengths.reduce((sum, length) => sum + length, 0) / 2;
  let index = 0;
  while (index + 1 < lengths.length && left > (lengths[index] ?? 0)) {
    left -= lengths[index] ?? 0;
    index += 1;
  }
  const [[ax, ay], [bx, by]] = edge(points, index);
  const length = lengths[index] ?? 0;
  const part = length === 0 ? 0 : left / length;
  const [dx, dy] = length === 0 ? [1, 0] : [(bx - ax) / length, (by - ay) / length];
  return { at: [ax + (bx - ax) * part, ay + (by - ay) * part], right: [0 - dy, dx] };
}
