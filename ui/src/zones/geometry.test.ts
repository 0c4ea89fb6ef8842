import { describe, expect, it } from 'vitest';
import type { Point } from '../api/types';
import {
  crossingOfNext,
  findCrossing,
  hits,
  isInside,
  labelPoint,
  moved,
  shapeProblem,
  toPoint,
} from './geometry';

const square: Point[] = [
  [0.1, 0.1],
  [0.9, 0.1],
  [0.9, 0.9],
  [0.1, 0.9],
];
const bowTie: Point[] = [
  [0.1, 0.1],
  [0.9, 0.9],
  [0.9, 0.1],
  [0.1, 0.9],
];

describe('findCrossing', () => {
  const cases: [string, Point[], [number, number] | null][] = [
    ['square has none', square, null],
    ['triangle has none', square.slice(0, 3), null],
    ['bow tie names both edges', bowTie, [0, 2]],
    [
      'doubled corner is an empty edge',
      [
        [0.1, 0.1],
        [0.1, 0.1],
        [0.9, 0.9],
      ],
      [0, 0],
    ],
    [
      'spike folds back',
      [
        [0.1, 0.1],
        [0.9, 0.1],
        [0.5, 0.1],
        [0.5, 0.9],
      ],
      [0, 1],
    ],
    [
      'flat triangle folds back',
      [
        [0.1, 0.1],
        [0.5, 0.5],
        [0.9, 0.9],
      ],
      [0, 2],
    ],
    [
      'corner on another edge touches',
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.5, 0],
        [0, 1],
      ],
      [0, 2],
    ],
    [
      'straight run of corners is fine',
      [
        [0, 0],
        [0.5, 0],
        [1, 0],
        [1, 1],
      ],
      null,
    ],
  ];
  it.each(cases)('%s', (_, points, expected) => expect(findCrossing(points)).toEqual(expected));

  it('does not depend on where the corners start or which way they run', () => {
    for (const points of [square, bowTie]) {
      for (let turn = 0; turn < points.length; turn += 1) {
        const turned = [...points.slice(turn), ...points.slice(0, turn)];
        expect(findCrossing(turned) === null).toBe(points === square);
        expect(findCrossing([...turned].reverse()) === null).toBe(points === square);
      }
    }
  });
});

describe('crossingOfNext', () => {
  const path: Point[] = square.slice(0, 3);
  it('lets a free corner be placed', () => expect(crossingOfNext(path, [0.1, 0.9])).toBeNull());
  it('names the edge that would be crossed', () => expect(crossingOfNext(path, [0.5, 0])).toBe(0));
  it('refuses the same place twice', () => expect(crossingOfNext(path, [0.9, 0.9])).toBe(2));
  it('refuses to go straight back', () => expect(crossingOfNext(path, [0.9, 0.5])).toBe(1));
});

describe('isInside', () => {
  it('knows in from out, also in a notch', () => {
    const notched: Point[] = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0.5, 0.2],
      [0, 1],
    ];
    expect(isInside(notched, [0.5, 0.1])).toBe(true);
    expect(isInside(notched, [0.5, 0.8])).toBe(false);
    expect(isInside(notched, [0.05, 0.8])).toBe(true);
  });
  it('finds the topmost shape first', () => {
    const shapes = [
      { id: 1, points: square },
      { id: 2, points: square },
    ];
    expect(hits(shapes, [0.5, 0.5]).map((shape) => shape.id)).toEqual([2, 1]);
    expect(hits(shapes, [0.05, 0.5])).toEqual([]);
  });
});

it('a moved shape stays inside the picture and keeps its form', () => {
  expect(moved(square, 0.5, -0.05)).toEqual([
    [0.2, 0.05],
    [1, 0.05],
    [1, 0.85],
    [0.2, 0.85],
  ]);
});

it('points are clamped to the picture', () => expect(toPoint(-3, 1.2)).toEqual([0, 1]));

it('a label never stands outside its zone', () => {
  const hook: Point[] = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0.95, 1],
    [0.95, 0.05],
    [0, 0.05],
  ];
  expect(labelPoint(square)).toEqual([0.5, 0.5]);
  expect(labelPoint(hook)).toEqual([0, 0]);
});

it('problems of a shape are told in words', () => {
  expect(shapeProblem(square)).toBeNull();
  expect(shapeProblem(bowTie)).toContain('cross');
  expect(shapeProblem(square.slice(0, 2))).toContain('at least 3');
  const many = Array.from({ length: 65 }, (_, n) =>
    toPoint(0.5 + 0.4 * Math.cos(n / 10.4), 0.5 + 0.4 * Math.sin(n / 10.4)),
  );
  expect(shapeProblem(many)).toContain('at most 64');
});
