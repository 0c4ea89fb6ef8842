// Arrow keys as steps on the picture; with shift, large ones.

import type { Point } from '../api/types';

const STEP = 0.005;
const STEP_BIG = 0.05;
const ARROWS: Record<string, Point> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** null for any other key. */
export function keyStep(event: { key: string; shiftKey: boolean }): Point | null {
  const arrow = ARROWS[event.key];
  if (arrow === undefined) return null;
  const step = event.shiftKey ? STEP_BIG : STEP;
  return [arrow[0] * step, arrow[1] * step];
}
