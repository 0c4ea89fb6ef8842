// What a sensitivity lets in, by the scores that objects had in the last days. Pure.

import type { Scores } from '../api/analytics';
import type { ObjectClass } from '../api/types';
import { ALL_CLASSES, scoreOf, type Rule } from './rule';

/** Bars of the picture, each so many hundredths wide. */
export const BAR = 5;
const N_BINS = 100;

type Wanted = Pick<Rule, 'classes' | 'sensitivity' | 'min_score'>;

/** The score that an object of this class must reach; null where the class is not wanted. */
function thresholdOf(rule: Wanted, name: ObjectClass): number | null {
  const choice = rule.classes[name];
  if (choice === undefined) return null;
  return choice.threshold ?? rule.min_score ?? scoreOf(rule.sensitivity);
}

/** How many objects the rule would let in by their score alone. */
export function letIn(scores: Scores, rule: Wanted): number {
  let sum = 0;
  for (const name of ALL_CLASSES) {
    const threshold = thresholdOf(rule, name);
    const bins = scores.classes[name];
    if (threshold === null || bins === undefined) continue;
    const first = Math.round(threshold * N_BINS);
    sum += bins.slice(first).reduce((all, n) => all + n, 0);
  }
  return sum;
}

/** Objects of the wanted classes by score, low to high. */
export function barsOf(scores: Scores, rule: Wanted): number[] {
  const bars = Array.from({ length: N_BINS / BAR }, () => 0);
  for (const name of ALL_CLASSES) {
    if (rule.classes[name] === undefined) continue;
    scores.classes[name]?.forEach((n, bin) => {
      const at = Math.floor(bin / BAR);
      bars[at] = (bars[at] ?? 0) + n;
    });
  }
  return bars;
}
