import { expect, it } from 'vitest';
import { evenStarts, overall, spread, stacked, topSeries, trend, type NamedSeries } from './statistics';

const named = (name: string, ...values: (number | null)[]): NamedSeries => ({ name, values });

it('what adds up is summed, what does not has its highest', () => {
  expect(overall([1, null, 4], 'in')).toBe(5);
  expect(overall([1, null, 4], 'peak')).toBe(4);
  expect(overall([], 'peak')).toBe(0);
});

it('small series become one where there are too many to be told apart', () => {
  const many = Array.from({ length: 10 }, (_, n) => named(`c${n}`, n, n));
  const top = topSeries(many, 'in');
  expect(top).toHaveLength(8);
  expect(top[0]?.name).toBe('c9');
  expect(top.at(-1)).toEqual(named('3 others', 3, 3));
  expect(topSeries(many.slice(0, 8), 'in')).toHaveLength(8);
});

it('stacked series stand on each other, the topmost first', () => {
  expect(stacked([named('a', 1, null), named('b', 2, 3)])).toEqual([named('b', 3, 3), named('a', 1, 0)]);
});

it('times without numbers are zero where numbers add up and unknown elsewhere', () => {
  const starts = ['2026-01-01T00:00:00Z', '2026-01-03T00:00:00Z'];
  const even = evenStarts(starts, 'day');
  expect(even).toHaveLength(3);
  const series = [{ camera_id: null, camera_name: null, rule_id: null, class: null, values: [1, 2] }];
  expect(spread({ starts, series }, even, 'in', () => 'x')).toEqual([named('x', 1, 0, 2)]);
  expect(spread({ starts, series }, even, 'peak', () => 'x')).toEqual([named('x', 1, null, 2)]);
});

it.each([
  [12, 10, '+20 % against a week before'],
  [8, 10, '−20 % against a week before'],
  [10, 10, 'the same as a week before'],
  [3, 0, 'none a week before'],
  [0, 0, 'as a week before: none'],
])('%d against %d: %s', (now, then, text) => expect(trend(now, then)).toBe(text));
