import { describe, expect, it } from 'vitest';
import type { Hit } from '../api/search';
import {
  emptyQuestion,
  lanes,
  nextWish,
  onAxis,
  questionOf,
  reasons,
  request,
  type Example,
} from './question';

const example = (isWanted: boolean): Example => ({ key: 'a', input: { sighting_id: 7 }, url: '', isWanted });
const hit = (camera: string, from: string, until: string): Hit =>
  ({
    sighting: { camera_id: camera, camera_name: camera, first_seen_at: from, last_seen_at: until },
    score: 0.8,
    similarity: 0.8,
    by_example: [0.9, 0.7],
    attributes: [
      { name: 'upper_colour', is_known: true, value: 'red', likelihood: 0.91 },
      { name: 'lower_colour', is_known: false, value: null, likelihood: null },
    ],
  }) as unknown as Hit;

it('a chip goes from off to wanted to left out and off again', () => {
  expect(nextWish(undefined)).toBe('wanted');
  expect(nextWish('wanted')).toBe('excluded');
  expect(nextWish('excluded')).toBeUndefined();
});

describe('request', () => {
  it('an empty question asks for everybody of the program', () => {
    expect(request(emptyQuestion('people'), 0)).toEqual({
      program: 'people',
      with_unknown: true,
      offset: 0,
      limit: 48,
    });
  });
  it('all that was chosen is asked for together', () => {
    const question = {
      ...emptyQuestion('people'),
      examples: [example(true), example(false)],
      chips: { upper_colour: { red: 'wanted', orange: 'wanted', blue: 'excluded' } } as const,
      cameraId: 'gate',
      place: 'zone/3',
      heading: '90',
      leastS: 5,
      mostS: Number.NaN,
      leastSimilarity: 0.4,
    };
    expect(request(question, 48)).toEqual({
      program: 'people',
      with_unknown: true,
      offset: 48,
      limit: 48,
      examples: [
        { sighting_id: 7, is_unwanted: false },
        { sighting_id: 7, is_unwanted: true },
      ],
      least_similarity: 0.4,
      cameras: ['gate'],
      zones: [{ camera_id: 'gate', id: 3 }],
      heading: { deg: 90, within_deg: 45 },
      dwell_least_s: 5,
      attributes: [{ name: 'upper_colour', values: ['red', 'orange'] }],
      excluded: [{ name: 'upper_colour', values: ['blue'] }],
    });
  });
  it('a least similarity without wanted examples is not asked for', () => {
    const question = { ...emptyQuestion('people'), examples: [example(false)], leastSimilarity: 0.4 };
    expect(request(question, 0).least_similarity).toBeUndefined();
  });
});

it('reasons name each example and each attribute, also the unknown', () => {
  expect(reasons(hit('a', '', ''), [example(true), example(false)])).toEqual([
    'like example 1 0.90',
    'unlike example 2 0.70',
    'upper clothing red 0.91',
    'lower clothing unknown',
  ]);
});

it('hits stand in lanes of their cameras, on one axis of time', () => {
  const hits = [
    hit('gate', '2026-01-01T10:00:00Z', '2026-01-01T10:00:10Z'),
    hit('yard', '2026-01-01T10:01:00Z', '2026-01-01T10:01:40Z'),
    hit('yard', '2026-01-01T10:00:50Z', '2026-01-01T10:00:55Z'),
  ];
  expect(lanes(hits).map(({ id, hits }) => [id, hits.length])).toEqual([
    ['yard', 2],
    ['gate', 1],
  ]);
  const axis = onAxis(hits);
  expect(axis.at('2026-01-01T10:00:50Z')).toBe(0.5);
});

it.each([
  [
    'sighting=7&program=vehicle&picture=/api/v1/shots/3?at=1',
    'vehicle',
    { sighting_id: 7 },
    '/api/v1/shots/3?at=1',
  ],
  ['shot=3&picture=https://elsewhere/x.jpg', 'people', { shot_id: 3 }, ''],
])('the address %s begins with its example', (address, program, input, url) => {
  const question = questionOf(new URLSearchParams(address));
  expect(question.program).toBe(program);
  expect(question.examples).toEqual([{ key: 'first', input, url, isWanted: true }]);
});

it('an address of nobody begins empty', () => {
  expect(questionOf(new URLSearchParams('sighting=x'))).toEqual(emptyQuestion('people'));
});
