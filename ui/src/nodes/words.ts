// How nodes and their programs are called on the page. Pure, so that it can be tested.

import type { Node, NodeCheck, NodeProgram, NodeState } from '../api/nodes';
import { formatDuration } from '../lib/format';
import type { IconName } from '../lib/icons';
import { PROGRAMS } from '../programs/programs';
import type { StateWords, TestResult } from '../sinks/sinks';

const STATES: Record<NodeState, StateWords> = {
  off: { tone: 'off', icon: 'power', text: 'Switched off' },
  connecting: { tone: 'busy', icon: 'spinner', text: 'Connecting' },
  following: { tone: 'ok', icon: 'check', text: 'Up to date' },
  catching_up: { tone: 'busy', icon: 'spinner', text: 'Catching up' },
  waiting: { tone: 'warn', icon: 'clock', text: 'Not heard' },
  failed: { tone: 'bad', icon: 'warning', text: 'Needs you' },
};

export const stateOf = (node: Node): StateWords => STATES[node.state];

/** How far what is here lies behind. */
export function lagWords(node: Node): string {
  if (node.is_own) return 'none';
  if (node.lag_s === null) return node.is_enabled ? 'not known yet' : '–';
  if (node.lag_s === 0 && node.n_behind === 0) return 'none';
  const behind = node.n_behind > 0 ? `, ${node.n_behind} changes to fetch` : '';
  return `${formatDuration(node.lag_s)}${behind}`;
}

const NOUNS: Record<string, [one: string, many: string]> = {
  vmd: ['rule', 'rules'],
  occupancy: ['area or counter', 'areas and counters'],
  state: ['detector', 'detectors'],
  extension: ['program', 'programs'],
};

export function programWords({ program, n_parts: n }: NodeProgram): {
  icon: IconName;
  label: string;
  count: string;
} {
  const known = PROGRAMS.find(({ name }) => name === program);
  const [one, many] = NOUNS[program] ?? ['', ''];
  const parts = n === 0 || many === '' ? '' : `: ${n} ${n === 1 ? one : many}`;
  return {
    icon: known?.icon ?? 'chip',
    label: `${known?.label ?? 'Installed programs'}${parts}`,
    count: n === 0 ? '' : String(n),
  };
}

/** A check in the form of all tests. */
export const resultOf = (check: NodeCheck): TestResult => ({
  isOk: check.is_ok,
  certificate: check.certificate_sha256,
  steps: check.steps.map(({ what, is_ok, text }) => ({
    what,
    verdict: is_ok ? 'passed' : 'failed',
    text,
    advice: null,
  })),
});
