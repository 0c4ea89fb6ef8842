// What a draft changes, in words, for the list beside Apply. Pure.

import type { HealthWish } from '../api/analytics';
import { classWord } from '../lib/format';
import { isOn, shapesOf, shapeWord, SHAPE_KINDS, type Plan } from './draft';
import { ALL_CLASSES, KINDS, NUMBERS, ruleInput, type Classes, type NumberKey, type Rule } from './rule';

export interface Change {
  mark: 'added' | 'removed' | 'changed';
  text: string;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export function classesText(classes: Classes): string {
  const names = ALL_CLASSES.filter((name) => classes[name] !== undefined);
  if (names.length === ALL_CLASSES.length) return 'everything';
  return names.map((name) => classWord(name).toLowerCase()).join(', ') || 'nothing';
}

const LABELS: Partial<Record<keyof Rule, string>> = {
  is_enabled: 'switched on',
  sensitivity: 'sensitivity',
  anchor: 'point that counts',
  min_size: 'smallest size',
  max_size: 'largest size',
  schedule_id: 'schedule',
  severity: 'severity',
  health: 'while the scene is seen badly',
  zone_id: 'zone',
  line_id: 'line',
  to_zone_id: 'second zone',
  heading_deg: 'direction',
  ways: 'ways',
  problems: 'problems of the picture',
  is_in_total: 'time in total',
  min_score: 'score to begin',
  hold_score: 'score to hold',
  min_aspect: 'smallest shape',
  max_aspect: 'largest shape',
  min_speed_kmh: 'least speed',
  max_speed_kmh: 'most speed',
  ignores_stationary: 'leaves out what stands still',
  ignores_parked: 'leaves out parked vehicles',
};

const HEALTH_WORDS: Record<HealthWish, string> = {
  any: 'alarm as usual',
  marked: 'alarm in doubt',
  healthy: 'no alarm',
};

function valueText(key: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (key === 'health') return HEALTH_WORDS[value as HealthWish];
  if (key === 'severity') return typeof value === 'string' ? value : 'as usual';
  if (key === 'schedule_id') return value === null || value === undefined ? 'always' : 'another';
  if (key === 'heading_deg') return `${String(value)}°`;
  if (value === null || value === undefined) return 'none';
  if (Array.isArray(value)) return value.join(', ').replaceAll('_', ' ');
  if (typeof value === 'object') return 'set';
  return String(value).replaceAll('_', ' ');
}

/** `schedule_id` of another schedule is just "another"; the page knows no names here. */
function ruleEdits(before: Rule, after: Rule): string[] {
  const edits: string[] = [];
  if (before.name !== after.name) edits.push(`named “${after.name}”`);
  if (before.kind !== after.kind) edits.push(`now ${KINDS[after.kind].label.toLowerCase()}`);
  if (!same(before.classes, after.classes)) {
    const [was, is] = [classesText(before.classes), classesText(after.classes)];
    edits.push(was === is ? 'thresholds' : `${was} → ${is}`);
  }
  for (const key of Object.keys(after) as (keyof Rule)[]) {
    if (['id', 'name', 'kind', 'classes'].includes(key) || same(before[key], after[key])) continue;
    const spec = NUMBERS[key as NumberKey] as (typeof NUMBERS)[NumberKey] | undefined;
    const label = LABELS[key] ?? spec?.label.toLowerCase() ?? key.replaceAll('_', ' ');
    const [was, is] = [valueText(key, before[key]), valueText(key, after[key])];
    edits.push(was === is ? `${label} changed` : `${label} ${was} → ${is}${spec ? ` ${spec.unit}` : ''}`);
  }
  return edits;
}

/** Whether the draft changes what moves: that is decided before tracks are stored. */
export function changesMotion(before: Plan, after: Plan): boolean {
  const working = ({ masks }: Plan) => masks.filter(isOn).map(({ points }) => points);
  return before.motionSensitivity !== after.motionSensitivity || !same(working(before), working(after));
}

/** What is left of a shape besides its name, points and switch: classes. */
const rest = (shape: object) => ({ ...shape, name: 0, points: 0, is_enabled: 0 });

/** Every difference, in the order of the page. */
export function diffPlans(before: Plan, after: Plan): Change[] {
  const changes: Change[] = [];
  for (const kind of SHAPE_KINDS) {
    const [old, now] = [shapesOf(before, kind), shapesOf(after, kind)];
    const label = ({ id, name }: { id: number; name: string }) => `${shapeWord(kind)} ${id} “${name}”`;
    for (const shape of old)
      if (!now.some(({ id }) => id === shape.id)) changes.push({ mark: 'removed', text: label(shape) });
    for (const shape of now) {
      const was = old.find(({ id }) => id === shape.id);
      if (was === undefined) changes.push({ mark: 'added', text: label(shape) });
      else if (!same(was, shape)) {
        const edits = [
          was.name === shape.name ? '' : `was “${was.name}”`,
          same(was.points, shape.points) ? '' : 'drawn anew',
          isOn(was) === isOn(shape) ? '' : isOn(shape) ? 'switched on' : 'switched off',
          same(rest(was), rest(shape)) ? '' : 'classes',
        ];
        changes.push({ mark: 'changed', text: `${label(shape)}: ${edits.filter(Boolean).join(', ')}` });
      }
    }
  }
  for (const rule of before.rules)
    if (!after.rules.some(({ id }) => id === rule.id))
      changes.push({ mark: 'removed', text: `Rule “${rule.name}”` });
  for (const rule of after.rules) {
    const was = before.rules.find(({ id }) => id === rule.id);
    if (was === undefined) {
      changes.push({ mark: 'added', text: `Rule “${rule.name}” (${KINDS[rule.kind].label.toLowerCase()})` });
    } else if (!same(ruleInput(was), ruleInput(rule))) {
      changes.push({ mark: 'changed', text: `Rule “${rule.name}”: ${ruleEdits(was, rule).join(', ')}` });
    }
  }
  if (before.motionSensitivity !== after.motionSensitivity) {
    const text = `Motion sensitivity ${before.motionSensitivity} → ${after.motionSensitivity}`;
    changes.push({ mark: 'changed', text });
  }
  return changes;
}
