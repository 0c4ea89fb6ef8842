import { describe, expect, it } from 'vitest';
import { grid, groundProblems, lengthM, mapThrough, rectangle, rectangleOf, START, toMetres } from './ground';
import type { Point } from '../api/types';

const CORNERS: Point[] = [
  [0.1, 0.9],
  [0.9, 0.9],
  [0.6, 0.5],
  [0.4, 0.5],
];
const points = rectangle(CORNERS, 4, 10);

describe('the map through four places', () => {
  it('takes each place where it belongs', () => {
    const map = toMetres(points);
    CORNERS.forEach((corner, index) => {
      const [east, north] = map?.(corner) ?? [NaN, NaN];
      expect(east).toBeCloseTo([0, 4, 4, 0][index] ?? NaN, 6);
      expect(north).toBeCloseTo([0, 0, 10, 10][index] ?? NaN, 6);
    });
  });
  it('the middle of the near edge is half the width away', () => {
    expect(lengthM(points, [0.1, 0.9], [0.5, 0.9])).toBeCloseTo(2, 6);
  });
  it('far things are larger on the ground than they look', () => {
    const near = lengthM(points, [0.5, 0.9], [0.5, 0.85]) ?? 0;
    const far = lengthM(points, [0.5, 0.55], [0.5, 0.5]) ?? 0;
    expect(far).toBeGreaterThan(near * 2);
  });
  it('beyond the horizon there is no ground', () =>
    expect(lengthM(points, [0.5, 0.9], [0.5, 0.1])).toBeNull());
  it('four places on one line make none', () => {
    const line: Point[] = [
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ];
    expect(mapThrough(line, CORNERS)).toBeNull();
  });
});

it('the grid has a line for each step both ways', () => {
  const { stepM, lines } = grid(points);
  expect(stepM).toBe(1);
  expect(lines).toHaveLength(5 + 11);
});

it('a rectangle is known again, other metres are none', () => {
  expect(rectangleOf(points)).toEqual({ widthM: 4, depthM: 10 });
  const [first, ...rest] = points;
  expect(rectangleOf([{ ...first, east_m: 1 }, ...rest])).toBeNull();
});

describe('problems', () => {
  it('the start has none', () => expect(groundProblems(START)).toEqual([]));
  it.each([
    ['go round', rectangle([CORNERS[1], CORNERS[0], CORNERS[2], CORNERS[3]] as Point[], 4, 10)],
    ['on one line', rectangle(CORNERS, 0, 10)],
    ['its metres', rectangle(CORNERS, NaN, 10)],
    ['within 2,000', rectangle(CORNERS, 4, 3000)],
  ])('%s', (words, wrong) => expect(groundProblems(wrong)).toEqual([expect.stringContaining(words)]));
});
