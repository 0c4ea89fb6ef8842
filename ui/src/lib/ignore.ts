// "Ignore this thing": a mask for its class where a false alarm's object stood. Pure.

import type { ClassMask } from '../api/analytics';
import type { Box, ObjectClass, Point } from '../api/types';
import { classWord } from './format';

/** The middle half of the box: the thing's own middle lies in it, that of who passes by seldom does. */
const SHARE = 0.5;

/** The masks of the camera with one more. */
export function ignoring(masks: readonly ClassMask[], box: Box, name: string): ClassMask[] {
  const [x1, y1, x2, y2] = box;
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const [dx, dy] = [((x2 - x1) * SHARE) / 2, ((y2 - y1) * SHARE) / 2];
  const points: Point[] = [
    [x - dx, y - dy],
    [x + dx, y - dy],
    [x + dx, y + dy],
    [x - dx, y + dy],
  ];
  const id = Math.max(0, ...masks.map((mask) => mask.id)) + 1;
  return [
    ...masks,
    {
      id,
      name: `Ignored ${classWord(name).toLowerCase()}`,
      points,
      classes: [name as ObjectClass],
      is_enabled: true,
    },
  ];
}
