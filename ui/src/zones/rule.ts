// Rules as the pages hold them: every field filled, made short again for the API, checked. Pure.
//
// What kinds there are and what each asks for: `kinds.ts`.

import type {
  Anchor,
  HealthWish,
  PictureProblem,
  RuleInput,
  RuleKind,
  SizeLimit,
  Ways,
} from '../api/analytics';
import type { Severity } from '../api/alarms';
import type { ObjectClass } from '../api/types';
import { KINDS, NUMBERS, PROBLEMS, type NumberKey } from './kinds';

export * from './kinds';

export const ALL_CLASSES: ObjectClass[] = ['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck'];

/** Chosen classes with the threshold set by hand; null = as the sensitivity says. */
export type Classes = Partial<Record<ObjectClass, { threshold: number | null }>>;

/** A rule with every field filled, whether or not its kind uses it. */
export interface Rule {
  id: number;
  name: string;
  kind: RuleKind;
  is_enabled: boolean;
  zone_id: number | null;
  line_id: number | null;
  to_zone_id: number | null;
  classes: Classes;
  sensitivity: number;
  anchor: Anchor;
  overlap: number;
  min_size: SizeLimit | null;
  max_size: SizeLimit | null;
  ignores_stationary: boolean;
  ignores_parked: boolean | null;
  min_score: number | null;
  hold_score: number | null;
  min_aspect: number | null;
  max_aspect: number | null;
  min_speed_kmh: number | null;
  max_speed_kmh: number | null;
  grace_s: number;
  cool_down_s: number;
  schedule_id: string | null;
  severity: Severity | null;
  health: HealthWish;
  dwell_s: number;
  stay_s: number;
  is_in_total: boolean;
  heading_deg: number;
  tolerance_deg: number;
  min_travel: number;
  ways: Ways;
  still_s: number;
  limit: number;
  for_s: number;
  wait_s: number;
  within_s: number;
  problems: PictureProblem[];
  after_s: number;
}

const DEFAULTS: Omit<Rule, 'id' | 'name' | 'kind'> = {
  is_enabled: true,
  zone_id: null,
  line_id: null,
  to_zone_id: null,
  classes: {},
  sensitivity: 5,
  anchor: 'foot',
  overlap: 0.5,
  min_size: null,
  max_size: null,
  ignores_stationary: false,
  ignores_parked: null,
  min_score: null,
  hold_score: null,
  min_aspect: null,
  max_aspect: null,
  min_speed_kmh: null,
  max_speed_kmh: null,
  grace_s: 3,
  cool_down_s: 0,
  schedule_id: null,
  severity: null,
  health: 'any',
  dwell_s: 1,
  stay_s: 30,
  is_in_total: false,
  heading_deg: 90,
  tolerance_deg: 45,
  min_travel: 0.1,
  ways: 'both',
  still_s: 60,
  limit: 5,
  for_s: 5,
  wait_s: 0,
  within_s: 60,
  problems: PROBLEMS,
  after_s: 10,
};

/** Limits that need not be set. */
export const LIMITS = [
  'min_score',
  'hold_score',
  'min_aspect',
  'max_aspect',
  'min_speed_kmh',
  'max_speed_kmh',
] as const;
export type LimitKey = (typeof LIMITS)[number];

/** The score from which an object counts at each sensitivity, 1 first; as in docs/programs.md. */
const SENSITIVITY_SCORES = [0.8, 0.72, 0.64, 0.57, 0.5, 0.44, 0.38, 0.33, 0.28, 0.22];
export const scoreOf = (sensitivity: number): number => SENSITIVITY_SCORES[sensitivity - 1] ?? 0.5;
/** So far below the score to begin an object may fall, where nothing else is set. */
export const HOLD_BELOW = 0.15;

export function classesOf(choice: RuleInput['classes']): Classes {
  const found: Classes = {};
  for (const name of ALL_CLASSES) {
    if (Array.isArray(choice)) {
      if (choice.includes(name)) found[name] = { threshold: null };
    } else if (choice?.[name]) found[name] = { threshold: choice[name].threshold ?? null };
  }
  return found;
}

/** As short as it can be said: the list, unless a threshold was set by hand. */
export function classesInput(classes: Classes): NonNullable<RuleInput['classes']> {
  const names = ALL_CLASSES.filter((name) => classes[name] !== undefined);
  if (names.every((name) => classes[name]?.threshold === null)) return names;
  return Object.fromEntries(names.map((name) => [name, classes[name] ?? null]));
}

/** Fills what is missing; the order of fields is always the same. */
export function completeRule(input: RuleInput): Rule {
  const { id, name, kind: kindName } = input;
  return { ...DEFAULTS, ...input, id, name, kind: kindName, classes: classesOf(input.classes) };
}

/** Only what the rule's kind uses, and of the common fields only what differs from the defaults. */
export function ruleInput(rule: Rule): RuleInput {
  const what = KINDS[rule.kind];
  const { id, name, kind: kindName, is_enabled, sensitivity } = rule;
  const input: Record<string, unknown> = { id, name, kind: kindName, is_enabled, sensitivity };
  if (what.place === 'line') input.line_id = rule.line_id;
  else if (what.place !== 'none' && rule.zone_id !== null) input.zone_id = rule.zone_id;
  if (what.place === 'two_zones') input.to_zone_id = rule.to_zone_id;
  if (what.isAboutObjects) {
    input.classes = classesInput(rule.classes);
    for (const key of ['anchor', 'min_size', 'max_size', 'grace_s', ...LIMITS] as const)
      if (rule[key] !== DEFAULTS[key]) input[key] = rule[key];
    for (const key of ['ignores_stationary', 'ignores_parked'] as const)
      if (rule[key] !== DEFAULTS[key]) input[key] = rule[key];
    if (rule.anchor === 'overlap') input.overlap = rule.overlap;
    if (rule.health !== DEFAULTS.health) input.health = rule.health;
  }
  for (const key of ['cool_down_s', 'schedule_id', 'severity'] as const)
    if (rule[key] !== DEFAULTS[key]) input[key] = rule[key];
  for (const key of what.numbers) input[key] = rule[key];
  if (what.extras.includes('in_total')) input.is_in_total = rule.is_in_total;
  if (what.extras.includes('heading')) input.heading_deg = rule.heading_deg;
  if (what.extras.includes('ways')) input.ways = rule.ways;
  if (what.extras.includes('problems')) input.problems = rule.problems;
  return input as unknown as RuleInput;
}

export function newRule(id: number, kindName: RuleKind, place: Pick<RuleInput, 'zone_id' | 'line_id'>): Rule {
  const classes: ObjectClass[] =
    kindName === 'object_left' || kindName === 'object_removed' ? [] : ['person'];
  return completeRule({ id, name: KINDS[kindName].label, kind: kindName, classes, ...place });
}

/** Things put down or taken away have no class that a detector knows: none chosen means any thing. */
export const mayHaveNoClass = (rule: Rule): boolean =>
  !KINDS[rule.kind].isAboutObjects || rule.kind === 'object_left' || rule.kind === 'object_removed';

/** What stands against a rule, without its name; empty when it can be applied. */
export function ruleProblems(rule: Rule): string[] {
  const what = KINDS[rule.kind];
  const found: string[] = [];
  if (what.place === 'line' && rule.line_id === null) found.push('choose a line.');
  if ((what.place === 'zone' || what.place === 'two_zones') && rule.zone_id === null)
    found.push('choose a zone.');
  if (what.place === 'two_zones' && (rule.to_zone_id === null || rule.to_zone_id === rule.zone_id))
    found.push('choose two different zones.');
  if (!mayHaveNoClass(rule) && Object.keys(rule.classes).length === 0)
    found.push('choose at least one kind of object.');
  if (rule.kind === 'picture_problem' && rule.problems.length === 0)
    found.push('choose at least one problem of the picture.');
  const begin = rule.min_score ?? scoreOf(rule.sensitivity);
  if (what.isAboutObjects && rule.hold_score !== null && rule.hold_score > begin)
    found.push('the score to hold must not be above the score to begin.');
  for (const [least, most, word] of [
    [rule.min_aspect, rule.max_aspect, 'shape'],
    [rule.min_speed_kmh, rule.max_speed_kmh, 'speed'],
  ] as const)
    if (least !== null && most !== null && least > most)
      found.push(`the smallest ${word} is above the largest.`);
  if (rule.kind === 'u_turn' && rule.tolerance_deg > 90)
    found.push('the tolerance of a turn must be at most 90 degrees.');
  const common: NumberKey[] = what.isAboutObjects ? ['grace_s', 'cool_down_s'] : ['cool_down_s'];
  for (const key of [...what.numbers, ...common]) {
    const { label, unit, min, max } = NUMBERS[key];
    if (!(rule[key] >= min && rule[key] <= max))
      found.push(`“${label}” must be ${min} to ${max.toLocaleString('en')} ${unit}.`);
  }
  return found;
}
