// Kinds of rules: names, sentences, and the numbers that each asks for with units and ranges. Pure.

import type { PictureProblem, RuleKind } from '../api/analytics';
import type { IconName } from '../lib/icons';

export type NumberKey =
  | 'dwell_s'
  | 'stay_s'
  | 'tolerance_deg'
  | 'min_travel'
  | 'still_s'
  | 'limit'
  | 'for_s'
  | 'wait_s'
  | 'within_s'
  | 'after_s'
  | 'grace_s'
  | 'cool_down_s';

export interface NumberSpec {
  label: string;
  unit: string;
  min: number;
  max: number;
  step: number;
  hint?: string;
}

export const NUMBERS: Record<NumberKey, NumberSpec> = {
  dwell_s: { label: 'After being inside for', unit: 'seconds', min: 0, max: 600, step: 1 },
  stay_s: { label: 'After staying for', unit: 'seconds', min: 1, max: 86_400, step: 1 },
  tolerance_deg: { label: 'Tolerance to each side', unit: 'degrees', min: 5, max: 180, step: 5 },
  min_travel: {
    label: 'After moving at least',
    unit: 'picture heights',
    min: 0.01,
    max: 2,
    step: 0.01,
    hint: '0.1 is a tenth of the picture’s height.',
  },
  still_s: { label: 'After standing still for', unit: 'seconds', min: 1, max: 86_400, step: 1 },
  limit: { label: 'More than', unit: 'objects', min: 0, max: 500, step: 1 },
  for_s: { label: 'For at least', unit: 'seconds', min: 0, max: 3600, step: 1 },
  wait_s: {
    label: 'Only who has waited for',
    unit: 'seconds',
    min: 0,
    max: 3600,
    step: 1,
    hint: '0: everybody there. Else who passes through is no part of the queue.',
  },
  within_s: { label: 'Within', unit: 'seconds', min: 1, max: 86_400, step: 1 },
  after_s: { label: 'After no picture for', unit: 'seconds', min: 5, max: 3600, step: 1 },
  grace_s: {
    label: 'Grace',
    unit: 'seconds',
    min: 0,
    max: 60,
    step: 1,
    hint: 'Out of sight this long still counts as there.',
  },
  cool_down_s: {
    label: 'Quiet time after an alarm',
    unit: 'seconds',
    min: 0,
    max: 86_400,
    step: 1,
    hint: 'No new alarm of this rule until it is over.',
  },
};

export interface Kind {
  label: string;
  icon: IconName;
  /** One sentence: when this raises an alarm. */
  text: string;
  place: 'zone' | 'line' | 'two_zones' | 'any' | 'none';
  numbers: NumberKey[];
  extras: ('in_total' | 'heading' | 'ways' | 'problems')[];
  /** Asks for classes, size and sensitivity. */
  isAboutObjects: boolean;
}

const kind = (
  label: string,
  icon: IconName,
  text: string,
  place: Kind['place'],
  numbers: NumberKey[] = [],
  extras: Kind['extras'] = [],
): Kind => ({ label, icon, text, place, numbers, extras, isAboutObjects: place !== 'none' });

export const KINDS: Record<RuleKind, Kind> = {
  intruder: kind('Intruder', 'intruder', 'Somebody or something is inside a zone.', 'zone', ['dwell_s']),
  loitering: kind(
    'Loitering',
    'clock',
    'Somebody stays in a zone for long.',
    'zone',
    ['stay_s'],
    ['in_total'],
  ),
  cross_line: kind('Cross line', 'line', 'A line is crossed, one way or both.', 'line', [], ['ways']),
  enter: kind('Enter', 'enter', 'Somebody comes into a zone from outside.', 'zone'),
  exit: kind('Exit', 'exit', 'Somebody leaves a zone.', 'zone'),
  direction: kind(
    'Direction',
    'direction',
    'Something moves in a chosen direction.',
    'any',
    ['tolerance_deg', 'min_travel'],
    ['heading'],
  ),
  wrong_way: kind(
    'Wrong way',
    'wrong_way',
    'Something moves against the allowed direction.',
    'any',
    ['tolerance_deg', 'min_travel'],
    ['heading'],
  ),
  stopped: kind('Stopped', 'stopped', 'Something that moved stands still in a zone.', 'zone', ['still_s']),
  count_over_limit: kind(
    'Too many',
    'crowd',
    'More objects than allowed are in a zone, or wait there: a queue.',
    'zone',
    ['limit', 'for_s', 'wait_s'],
  ),
  u_turn: kind('U-turn', 'undo', 'Something goes one way, then turns round and comes back.', 'any', [
    'tolerance_deg',
    'min_travel',
  ]),
  zone_sequence: kind('Zone A, then B', 'sequence', 'Somebody goes from one zone to another.', 'two_zones', [
    'within_s',
  ]),
  object_left: kind('Object left', 'box_in', 'A thing was put down and stays.', 'zone', ['still_s']),
  object_removed: kind('Object removed', 'box_out', 'A thing that belonged here is gone.', 'zone', [
    'still_s',
  ]),
  picture_problem: kind(
    'Picture problem',
    'eye',
    'The camera is covered, defocused, turned, too dark or too bright.',
    'none',
    ['for_s'],
    ['problems'],
  ),
  signal_lost: kind('Signal lost', 'no_signal', 'The camera sends no pictures.', 'none', ['after_s']),
};

/** Also for kinds of other programs' events; undefined where the pages know nothing of it. */
export const kindOf = (name: string): Kind | undefined => (KINDS as Partial<Record<string, Kind>>)[name];

export const KIND_NAMES = Object.keys(KINDS) as RuleKind[];
export const PROBLEMS: PictureProblem[] = ['covered', 'defocused', 'turned', 'too_dark', 'too_bright'];
