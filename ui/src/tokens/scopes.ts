// What a token may do, in words.

import type { Scope } from '../api/tokens';

export const SCOPES: { scope: Scope; title: string; text: string }[] = [
  { scope: 'read', title: 'Read', text: 'sees what a viewer sees: live pictures, alarms, counts' },
  {
    scope: 'node',
    title: 'Node',
    text: 'also fetches everything that happens, for another airelay that guards this one',
  },
  { scope: 'admin', title: 'Administrator', text: 'changes everything but accounts and tokens' },
];

export const scopeWord = (scope: Scope): string =>
  SCOPES.find((known) => known.scope === scope)?.title ?? scope;

/** Lives that are offered, days; null = never ends. */
export const LIVES: { days: number | null; text: string }[] = [
  { days: 30, text: '30 days' },
  { days: 90, text: '90 days' },
  { days: 365, text: '1 year' },
  { days: null, text: 'never' },
];
