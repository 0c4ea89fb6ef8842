// How alarms are handled, in words. Pure.

import type { RuleKind } from '../api/analytics';
import type { AlarmState, CloseReason, Handling, HistoryEntry, Severity } from '../api/alarms';

/** The gravest first, as lists show them. */
export const SEVERITIES: Severity[] = ['critical', 'high', 'medium', 'low', 'info'];
export const STATES: AlarmState[] = ['new', 'acknowledged', 'assigned', 'closed'];
export const REASONS: { reason: CloseReason; label: string; text: string }[] = [
  { reason: 'real', label: 'Real', text: 'it was what the rule looks for' },
  { reason: 'false_alarm', label: 'False alarm', text: 'it was something else, or nothing' },
  { reason: 'test', label: 'Test', text: 'somebody tried whether it works' },
  { reason: 'authorised', label: 'Authorised', text: 'it was somebody who may be there' },
  { reason: 'other', label: 'Other', text: 'say what' },
];

const titled = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
export const severityWord = (severity: Severity): string => titled(severity);
export const stateLabel = (state: AlarmState): string => titled(state);
export const reasonWord = (reason: CloseReason): string =>
  REASONS.find((known) => known.reason === reason)?.label ?? reason;
export const rank = (severity: Severity): number => SEVERITIES.length - 1 - SEVERITIES.indexOf(severity);

/** "New", "Assigned to Bob", "Closed: false alarm". */
export function stateText({ state, assignee, reason }: Handling): string {
  if (state === 'assigned' && assignee !== null) return `Assigned to ${assignee}`;
  if (state === 'closed' && reason !== null) return `Closed: ${reasonWord(reason).toLowerCase()}`;
  return stateLabel(state);
}

/** What was done, without who: "assigned it to Bob". */
export function didText({ kind, assignee, reason }: HistoryEntry): string {
  switch (kind) {
    case 'acknowledge':
      return 'acknowledged it';
    case 'assign':
      return `assigned it to ${assignee ?? 'nobody'}`;
    case 'release':
      return 'took it back';
    case 'close':
      return `closed it: ${reason === null ? 'other' : reasonWord(reason).toLowerCase()}`;
    case 'reopen':
      return 'reopened it';
    case 'note':
      return 'wrote';
    case 'export':
      return 'took its evidence out';
  }
}

/** Of a rule that says nothing else; as in docs/alarms.md. */
export function usualSeverity(kind: RuleKind): Severity {
  if (['u_turn', 'enter', 'exit'].includes(kind)) return 'low';
  const isHigh = ['intruder', 'wrong_way', 'object_left', 'object_removed', 'picture_problem', 'signal_lost'];
  return isHigh.includes(kind) ? 'high' : 'medium';
}
