// From the picture to metres: the map through four places, lines of a grid, lengths. Pure.
//
// The same map as the program's (a homography); here it only draws. What the program
// makes of the points, and how exact it is, stands in its reply.

import type { Ground } from '../api/analytics';
import type { Point } from '../api/types';

export type Place = Ground['points'][number];
export type Four = [Place, Place, Place, Place];

export const MAX_METRES = 2000;
/** Steps of the grid, metres. */
const STEPS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];
const MAX_GRID_LINES = 12;

export const CORNER_NAMES = ['Near left', 'Near right', 'Far right', 'Far left'] as const;

/** A rectangle on the ground, its corners as in `CORNER_NAMES`. */
export function rectangle(corners: readonly Point[], widthM: number, depthM: number): Four {
  const metres: Point[] = [
    [0, 0],
    [widthM, 0],
    [widthM, depthM],
    [0, depthM],
  ];
  const place = (index: number): Place => {
    const [x, y] = corners[index] ?? [0.5, 0.5];
    const [east_m, north_m] = metres[index] ?? [0, 0];
    return { x, y, east_m, north_m };
  };
  return [place(0), place(1), place(2), place(3)];
}

export const START: Four = rectangle(
  [
    [0.25, 0.85],
    [0.75, 0.85],
    [0.62, 0.55],
    [0.38, 0.55],
  ],
  4,
  8,
);

export const isFour = (points: readonly Place[]): points is Four => points.length === 4;

/** Width and depth, where the places are a rectangle in our order; else null. */
export function rectangleOf(points: Four): { widthM: number; depthM: number } | null {
  const [a, b, c, d] = points;
  const [widthM, depthM] = [b.east_m - a.east_m, d.north_m - a.north_m];
  const isOne =
    b.north_m === a.north_m && c.east_m === b.east_m && c.north_m === d.north_m && d.east_m === a.east_m;
  return isOne && widthM > 0 && depthM > 0 ? { widthM, depthM } : null;
}

/** Solves `rows` (coefficients, then the right side); null when it has no single solution. */
function solve(rows: number[][]): number[] | null {
  const size = rows.length;
  for (let column = 0; column < size; column += 1) {
    let best = column;
    for (let at = column + 1; at < size; at += 1)
      if (Math.abs(rows[at]?.[column] ?? 0) > Math.abs(rows[best]?.[column] ?? 0)) best = at;
    const pivot = rows[best];
    const other = rows[column];
    if (pivot === undefined || other === undefined || Math.abs(pivot[column] ?? 0) < 1e-9) return null;
    rows[best] = other;
    rows[column] = pivot;
    for (let at = 0; at < size; at += 1) {
      const row = rows[at];
      if (row === undefined || at === column) continue;
      const part = (row[column] ?? 0) / (pivot[column] ?? 1);
      for (let k = column; k <= size; k += 1) row[k] = (row[k] ?? 0) - part * (pivot[k] ?? 0);
    }
  }
  return rows.map((row, index) => (row[size] ?? 0) / (row[index] ?? 1));
}

export type Map2 = (at: Point) => Point | null;

/** The map that takes each `from` to its `to`; null where the places make none. */
export function mapThrough(from: readonly Point[], to: readonly Point[]): Map2 | null {
  const rows = from.flatMap(([x, y], index) => {
    const [u, v] = to[index] ?? [0, 0];
    return [
      [x, y, 1, 0, 0, 0, -x * u, -y * u, u],
      [0, 0, 0, x, y, 1, -x * v, -y * v, v],
    ];
  });
  const h = solve(rows);
  if (h === null) return null;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, i = 0] = h;
  const sign = Math.sign(g * (from[0]?.[0] ?? 0) + i * (from[0]?.[1] ?? 0) + 1);
  return ([x, y]) => {
    const w = g * x + i * y + 1;
    // Beyond the horizon nothing is on the ground.
    if (Math.sign(w) !== sign || Math.abs(w) < 1e-9) return null;
    return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
  };
}

const inPicture = ({ x, y }: Place): Point => [x, y];
const onGround = ({ east_m, north_m }: Place): Point => [east_m, north_m];
export const toMetres = (points: Four) => mapThrough(points.map(inPicture), points.map(onGround));
export const toPicture = (points: Four) => mapThrough(points.map(onGround), points.map(inPicture));

/** Lines of a grid over the places, in the picture, and how far apart they are on the ground. */
export function grid(points: Four): { stepM: number; lines: [Point, Point][] } {
  const map = toPicture(points);
  const [east, north] = [points.map((p) => p.east_m), points.map((p) => p.north_m)];
  const [left, right] = [Math.min(...east), Math.max(...east)];
  const [near, far] = [Math.min(...north), Math.max(...north)];
  const most = Math.max(right - left, far - near);
  const stepM = STEPS.find((step) => most / step <= MAX_GRID_LINES) ?? 500;
  const lines: [Point, Point][] = [];
  const add = (from: Point, to: Point) => {
    const [a, b] = [map?.(from), map?.(to)];
    if (a && b) lines.push([a, b]);
  };
  const count = (length: number) => Math.min(MAX_GRID_LINES * 2, Math.floor(length / stepM + 1e-6));
  for (let n = 0; n <= count(right - left); n += 1) add([left + n * stepM, near], [left + n * stepM, far]);
  for (let n = 0; n <= count(far - near); n += 1) add([left, near + n * stepM], [right, near + n * stepM]);
  return { stepM, lines };
}

/** How far apart two places of the picture are on the ground, metres. */
export function lengthM(points: Four, a: Point, b: Point): number | null {
  const map = toMetres(points);
  const [from, to] = [map?.(a), map?.(b)];
  return from && to ? Math.hypot(to[0] - from[0], to[1] - from[1]) : null;
}

function side(a: Point, b: Point, c: Point): number {
  return Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}

/** Whether the corners, in their order, make a shape without a dent or a crossing. */
function isConvex(corners: readonly Point[]): boolean {
  const turns = corners.map((corner, index) => {
    const next = corners[(index + 1) % 4] ?? corner;
    return side(corner, next, corners[(index + 2) % 4] ?? corner);
  });
  return turns.every((turn) => turn !== 0 && turn === turns[0]);
}

/** What stands against the four places; the program checks more. */
export function groundProblems(points: Four): string[] {
  const found: string[] = [];
  if (points.some(({ east_m, north_m }) => !Number.isFinite(east_m) || !Number.isFinite(north_m)))
    found.push('Each place needs its metres east and north.');
  else if (points.some((p) => Math.max(Math.abs(p.east_m), Math.abs(p.north_m)) > MAX_METRES))
    found.push(`Metres must be within ${MAX_METRES.toLocaleString('en')}.`);
  else if (!isConvex(points.map(onGround)))
    found.push('The metres put three places on one line, or twist the shape.');
  if (!isConvex(points.map(inPicture)))
    found.push('In the picture the corners must go round: near left, near right, far right, far left.');
  return found;
}
