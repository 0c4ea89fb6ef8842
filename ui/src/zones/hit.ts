// What lies under a click on the picture. Pure.

import type { Point } from '../api/types';
import { shapesOf, type Plan, type ShapeKind } from './draft';
import { distanceToLine, hits } from './geometry';

/** How near to a line a click counts, CSS pixels. */
const LINE_PX = 10;

/** Lines lie over zones, zones over masks. */
export function hitAt(
  plan: Plan,
  point: Point,
  size: { width: number; height: number },
): { kind: ShapeKind; id: number } | null {
  const toPixels = ([x, y]: Point): Point => [x * size.width, y * size.height];
  const line = plan.lines.find(
    ({ points }) => distanceToLine(points.map(toPixels), toPixels(point)) <= LINE_PX,
  );
  if (line !== undefined) return { kind: 'line', id: line.id };
  for (const kind of ['zone', 'object_mask', 'mask'] as const) {
    const [hit] = hits(shapesOf(plan, kind), point);
    if (hit !== undefined) return { kind, id: hit.id };
  }
  return null;
}
