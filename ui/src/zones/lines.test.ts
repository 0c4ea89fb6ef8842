import { describe, expect, it } from 'vitest';
import type { Point } from '../api/types';
import * as geometry from './geometry';
import { snap } from './snap';

describe('open lines', () => {
  const hook: Point[] = [
    [0, 0],
    [1, 0],
    [1, 1],
  ];
  it('have no edge from the last point to the first', () => {
    const zigzag: Point[] = [
      [0, 0],
      [1, 0],
      [0.2, 0.5],
      [1, 0.5],
    ];
    expect(geometry.findCrossing(zigzag, true)).toEqual([1, 3]);
    expect(geometry.findCrossing(zigzag, false)).toBeNull();
    expect(geometry.findCrossing([...zigzag, [0.5, 0]], false)).toEqual([0, 3]);
  });
  it('need two points', () => {
    expect(geometry.shapeProblem(hook.slice(0, 2), false)).toBeNull();
    expect(geometry.shapeProblem(hook.slice(0, 1), false)).toContain('at least 2');
  });
  it('the right of a line drawn to the right is below it', () => {
    const { at, right } = geometry.lineMiddle(hook.slice(0, 2));
    expect(at).toEqual([0.5, 0]);
    expect(right).toEqual([0, 1]);
  });
  it('the right of a line drawn upwards is to the right', () => {
    const { right } = geometry.lineMiddle([
      [0.5, 1],
      [0.5, 0],
    ]);
    expect(right[0]).toBe(1);
    expect(right[1]).toBeCloseTo(0);
  });
  it('the middle is half way by length, not by corners', () => {
    const bent: Point[] = [
      [0, 0],
      [0.1, 0],
      [1.1, 0],
    ];
    expect(geometry.lineMiddle(bent).at[0]).toBeCloseTo(0.55);
  });
  it('a point is as far from a line as from its nearest part', () => {
    expect(geometry.distanceToLine(hook, [0.5, 0.2])).toBeCloseTo(0.2);
    expect(geometry.distanceToLine(hook, [1.3, 1.4])).toBeCloseTo(0.5);
  });
});

describe('snap', () => {
  const field = { size: { width: 1000, height: 500 }, radius: 10 };
  const square = {
    isClosed: true,
    points: [
      [0.2, 0.2],
      [0.6, 0.2],
      [0.6, 0.8],
    ] as Point[],
  };
  it.each([
    ['onto a corner', [0.205, 0.21], [0.2, 0.2]],
    ['onto an edge', [0.4, 0.21], [0.4, 0.2]],
    ['onto the closing edge', [0.402, 0.5], [0.4012, 0.5018]],
    ['onto the border', [0.995, 0.015], [1, 0]],
    ['nowhere from afar', [0.5, 0.4], [0.5, 0.4]],
  ] as [string, Point, Point][])('%s', (_, from, to) => {
    const found = snap(from, [square], field);
    expect(found[0]).toBeCloseTo(to[0], 2);
    expect(found[1]).toBeCloseTo(to[1], 2);
  });
  it('an open line has no closing edge', () => {
    expect(snap([0.402, 0.5], [{ ...square, isClosed: false }], field)).toEqual([0.402, 0.5]);
  });
});
