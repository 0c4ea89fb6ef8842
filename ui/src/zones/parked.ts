// Vehicles that stood there before anybody looked.

import type { Rule } from './rule';

/** Whether vehicles that nobody has seen move are left out. */
export const leavesOutParked = (rule: Pick<Rule, 'kind' | 'ignores_parked'>): boolean =>
  rule.ignores_parked ?? (rule.kind === 'intruder' || rule.kind === 'loitering');
