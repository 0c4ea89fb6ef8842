import { describe, expect, it } from 'vitest';
import type { HealthParts } from '../api/analytics';
import { healthWord, plot, worstOf } from './health';

const parts = (calm: number): HealthParts => ({
  sharpness: 1,
  contrast: 0.9,
  exposure: 1,
  steadiness: 1,
  calm,
});
const minute = (n: number, calm: number) => ({
  at: new Date(n * 60_000).toISOString(),
  mean: parts(calm),
  lowest: parts(0),
});

describe('the plot', () => {
  const span = { fromMs: 0, untilMs: 600_000, stepS: 60 };
  it('draws minutes from left to right, good above, cut where some are missing', () => {
    const minutes = [minute(0, 1), minute(1, 0.5), minute(5, 0)];
    expect(plot(minutes, ({ calm }) => calm, span, { width: 100, height: 10 })).toBe(
      'M0.0 3.0h0.1L10.0 5.0M50.0 7.0h0.1',
    );
  });
  it('of nothing is nothing', () => expect(plot([], worstOf, span, { width: 9, height: 9 })).toBe(''));
});

it('the worst part speaks for the scene', () => {
  expect(worstOf(parts(1))).toBe(0.9);
  expect(worstOf(parts(0.2))).toBe(0.2);
  expect(healthWord('calm')).toBe('restless');
  expect(healthWord('new_part')).toBe('new_part');
});
