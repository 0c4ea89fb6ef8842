import { describe, expect, it } from 'vitest';
import type { CountRow, Metric } from '../api/analytics';
import {
  buckets,
  byHandText,
  comparedText,
  corrected,
  heatColour,
  highest,
  LAST_DAY,
  RANGES,
  series,
  shifted,
  shiftOf,
  shownSeconds,
  toCsv,
  total,
} from './series';

const row = (
  hour: number,
  metric: Metric,
  value: number,
  klass: string | null = null,
  rule_id = 1,
): CountRow => ({
  rule_id,
  metric,
  class: klass,
  from: new Date(Date.UTC(2026, 2, 1, hour)).toISOString(),
  until: new Date(Date.UTC(2026, 2, 1, hour + 1)).toISOString(),
  value,
});

describe('series', () => {
  const rows = [row(8, 'in', 3, 'person'), row(8, 'in', 2, 'car'), row(11, 'in', 4, 'person')];
  const starts = buckets(rows, 'hour');
  it('holes between the first and the last bucket are filled', () => expect(starts).toHaveLength(4));
  it('classes add up, and nothing stored is nothing counted', () => {
    expect(series(rows, starts, 1, 'in')).toEqual([5, 0, 0, 4]);
  });
  it('a row of all classes is not counted twice', () => {
    const withAll = [...rows, row(8, 'in', 5), row(11, 'in', 4)];
    expect(series(withAll, starts, 1, 'in')).toEqual([5, 0, 0, 4]);
  });
  it('presence is unknown where nothing is stored', () => {
    const mean = [row(8, 'mean', 1.5), row(10, 'mean', 2)];
    expect(series(mean, buckets(mean, 'hour'), 1, 'mean')).toEqual([1.5, null, 2]);
  });
  it('several rows of a minute make one bucket', () => {
    const at = (second: number, metric: Metric, value: number): CountRow => ({
      ...row(8, metric, value),
      from: `2026-03-01T08:00:${String(second).padStart(2, '0')}Z`,
    });
    const often = [at(3, 'in', 1), at(13, 'in', 2), at(3, 'mean', 1), at(13, 'mean', 2)];
    const minutes = buckets(often, 'minute');
    expect(minutes).toEqual([Date.parse('2026-03-01T08:00:00Z')]);
    expect(series(often, minutes, 1, 'in', 'minute')).toEqual([3]);
    expect(series(often, minutes, 1, 'mean', 'minute')).toEqual([1.5]);
  });
  it('another rule’s rows do not count', () => {
    expect(series(rows, starts, 2, 'in')).toEqual([0, 0, 0, 0]);
  });
  it('no rows make no buckets', () => expect(buckets([], 'hour')).toEqual([]));
  it('a day of 25 hours makes one bucket, not two', () => {
    const day = (at: string): CountRow => ({ ...row(0, 'in', 1), from: at });
    const long = [day('2026-10-24T22:00:00Z'), day('2026-10-25T23:00:00Z'), day('2026-10-26T23:00:00Z')];
    expect(buckets(long, 'day')).toHaveLength(3);
  });
});

describe('corrections', () => {
  it('stand beside what was counted and are added for the eye', () => {
    const rows = [row(8, 'in', 3), row(8, 'in_by_hand', 2), row(9, 'in', 1), row(9, 'in_by_hand', -4)];
    const starts = buckets(rows, 'hour');
    const [counted, byHand] = [series(rows, starts, 1, 'in'), series(rows, starts, 1, 'in_by_hand')];
    expect(counted).toEqual([3, 1]);
    expect(byHand).toEqual([2, -4]);
    expect(corrected(counted, byHand)).toEqual([5, 0]);
  });
  it('are said with their sign, or not at all', () =>
    expect([3, -2, 0].map(byHandText)).toEqual(['+3 by hand', '−2 by hand', '']));
});

describe('comparison', () => {
  const until = Date.UTC(2026, 2, 10, 12, 30);
  it('goes back by the range, or by a week in whole buckets', () => {
    expect(shiftOf('off', LAST_DAY, until)).toBeNull();
    expect(shiftOf('before', LAST_DAY, until)).toBe(86_400_000);
    for (const range of RANGES) {
      const ms = shiftOf('week', range, until) ?? 0;
      expect(Math.abs(ms - 7 * 86_400_000)).toBeLessThanOrEqual(3_600_000);
      expect(ms % (range.interval === 'minute' ? 60_000 : 3_600_000)).toBe(0);
    }
  });
  it('puts rows of then onto the buckets of now', () => {
    const starts = buckets([row(8, 'in', 3)], 'hour');
    const then = shifted([row(7, 'in', 9)], 3_600_000);
    expect(series(then, starts, 1, 'in')).toEqual([9]);
  });
  it.each([
    [12, 10, 'then 10, +20 %'],
    [5, 10, 'then 10, −50 %'],
    [10, 10, 'then 10, the same'],
    [3, 0, 'then 0'],
  ])('%d against %d is “%s”', (now, then, text) => expect(comparedText('then', now, then)).toBe(text));
});

it('sums leave out what is unknown', () => {
  expect(total([1, null, 2])).toBe(3);
  expect(highest([1, null, 7])).toBe(7);
});

it('CSV quotes names, and a name never runs as a formula', () => {
  const csv = toCsv([row(8, 'in', 3)], () => '=Gate, "A"');
  expect(csv.split('\r\n')[1]).toBe(
    `"'=Gate, ""A""",1,in,all,2026-03-01T08:00:00.000Z,2026-03-01T09:00:00.000Z,3`,
  );
});

it('heat goes from nothing to bright', () => {
  const brightness = (value: number) =>
    heatColour(value)
      .slice(0, 3)
      .reduce((sum, part) => sum + part, 0);
  expect(heatColour(0)[3]).toBe(0);
  expect(heatColour(1).slice(0, 3)).toEqual([253, 231, 37]);
  expect(brightness(0.1)).toBeLessThan(brightness(0.5));
  expect(brightness(0.5)).toBeLessThan(brightness(1));
});

describe('what a chart shows', () => {
  const hour = 3_600_000;
  it('a single bucket stands whole among hours, not among years', () =>
    expect(shownSeconds([10 * hour], 'hour')).toEqual([8 * 3600, 12 * 3600]));
  it('many buckets fill it', () =>
    expect(shownSeconds([0, hour, 2 * hour], 'hour')).toEqual([-1800, 2.5 * 3600]));
});
