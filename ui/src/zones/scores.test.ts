import { describe, expect, it } from 'vitest';
import type { Scores } from '../api/analytics';
import { barsOf, letIn } from './scores';

const bins = (counts: Record<number, number>) => Array.from({ length: 100 }, (_, bin) => counts[bin] ?? 0);
const scores: Scores = {
  days: 7,
  since: null,
  classes: { person: bins({ 49: 4, 50: 3, 80: 2 }), car: bins({ 57: 10 }) },
};
const rule = (sensitivity: number, edit = {}) => ({
  classes: { person: { threshold: null } },
  sensitivity,
  min_score: null,
  ...edit,
});

describe('what a sensitivity lets in', () => {
  it.each([
    [1, 2],
    [5, 5],
    [6, 9],
  ])('%d: %d', (sensitivity, expected) => expect(letIn(scores, rule(sensitivity))).toBe(expected));
  it('scores set by hand go before it, those of a class before all', () => {
    expect(letIn(scores, rule(1, { min_score: 0.5 }))).toBe(5);
    const both = { person: { threshold: 0.8 }, car: { threshold: null } };
    expect(letIn(scores, rule(4, { classes: both }))).toBe(2 + 10);
    const own = { classes: { person: { threshold: 0.5 } }, min_score: 0.9 };
    expect(letIn(scores, rule(5, own))).toBe(5);
  });
});

it('bars are of the wanted classes only', () => {
  const bars = barsOf(scores, rule(5));
  expect(bars).toHaveLength(20);
  expect([bars[9], bars[10], bars[11], bars[16]]).toEqual([4, 3, 0, 2]);
});
