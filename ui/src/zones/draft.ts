// The draft of a camera's zones, lines, masks and rules, with undo and redo. Pure.
//
// Every change makes a new `Plan`; nothing reaches the camera before Apply.

import type { ClassMask, Programs, RuleKind } from '../api/analytics';
import type { CameraSettings, Mask, Point, Shape } from '../api/types';
import { MAX_CORNERS, MIN_CORNERS, MIN_LINE_POINTS, shapeProblem } from './geometry';
import { completeRule, KINDS, newRule, ruleInput, ruleProblems, type Rule } from './rule';
import { sizesContradict } from './size';

export { ALL_CLASSES } from './rule';

export type ShapeKind = 'zone' | 'line' | 'mask' | 'object_mask';
export const SHAPE_KINDS: ShapeKind[] = ['zone', 'line', 'mask', 'object_mask'];

export interface Plan {
  zones: Shape[];
  lines: Shape[];
  masks: Mask[];
  objectMasks: ClassMask[];
  rules: Rule[];
  motionSensitivity: number;
}

export interface Draft {
  past: Plan[];
  now: Plan;
  future: Plan[];
}

export const MAX_SHAPES = 64;
export const MAX_RULES = 256;
export const MAX_NAME_CHARS = 64;
const MAX_UNDO = 200;

export const EMPTY: Plan = {
  zones: [],
  lines: [],
  masks: [],
  objectMasks: [],
  rules: [],
  motionSensitivity: 5,
};

export function planOf(camera: CameraSettings): Plan {
  return {
    zones: camera.zones,
    lines: camera.lines ?? [],
    masks: camera.masks,
    objectMasks: camera.object_masks ?? [],
    rules: camera.rules.map(completeRule),
    motionSensitivity: camera.motion_sensitivity,
  };
}

/** The parts of the camera's document that the plan is about. */
export function settingsOf(plan: Plan) {
  return {
    zones: plan.zones,
    lines: plan.lines,
    masks: plan.masks,
    object_masks: plan.objectMasks,
    rules: plan.rules.map(ruleInput),
    motion_sensitivity: plan.motionSensitivity,
  };
}

export const startDraft = (plan: Plan): Draft => ({ past: [], now: plan, future: [] });

export function change(draft: Draft, next: Plan): Draft {
  if (next === draft.now) return draft;
  return { past: [...draft.past, draft.now].slice(-MAX_UNDO), now: next, future: [] };
}

/** Replaces the present step, for a drag that is one step to the user. */
export const amend = (draft: Draft, next: Plan): Draft => ({ ...draft, now: next, future: [] });

export function undo(draft: Draft): Draft {
  const before = draft.past.at(-1);
  if (before === undefined) return draft;
  return { past: draft.past.slice(0, -1), now: before, future: [draft.now, ...draft.future] };
}

export function redo(draft: Draft): Draft {
  const [after, ...future] = draft.future;
  if (after === undefined) return draft;
  return { past: [...draft.past, draft.now], now: after, future };
}

export const samePlan = (a: Plan, b: Plan) => a === b || JSON.stringify(a) === JSON.stringify(b);

/** Ids count from 1, unique per camera and kind; they double as the zone's number. */
export const nextId = (items: readonly { id: number }[]): number =>
  Math.max(0, ...items.map(({ id }) => id)) + 1;

const LISTS = { zone: 'zones', line: 'lines', mask: 'masks', object_mask: 'objectMasks' } as const;
const WORDS = { zone: 'Zone', line: 'Line', mask: 'Mask', object_mask: 'Class mask' } as const;
export const shapeWord = (kind: ShapeKind): string => WORDS[kind];
export const shapesOf = (plan: Plan, kind: ShapeKind): Shape[] => plan[LISTS[kind]];
export const isMask = (kind: ShapeKind): boolean => kind === 'mask' || kind === 'object_mask';
/** Whether a shape does what it is drawn for: masks can be off. */
export const isOn = (shape: Shape): boolean => (shape as Partial<Mask>).is_enabled !== false;
export const isClosed = (kind: ShapeKind): boolean => kind !== 'line';
export const fewestCorners = (kind: ShapeKind): number => (kind === 'line' ? MIN_LINE_POINTS : MIN_CORNERS);

export function addShape(plan: Plan, kind: ShapeKind, points: Point[]): { plan: Plan; id: number } {
  const shapes = shapesOf(plan, kind);
  const id = nextId(shapes);
  const shape = { id, name: `${WORDS[kind]} ${id}`, points };
  const made = {
    ...shape,
    ...(isMask(kind) ? { is_enabled: true } : {}),
    ...(kind === 'object_mask' ? { classes: ['car', 'bus', 'truck'] } : {}),
  };
  const next: Plan = { ...plan, [LISTS[kind]]: [...shapes, made] };
  // A new zone or line gets the rule most people draw it for; without one it does nothing.
  if (kind === 'zone') return { plan: addRule(next, 'intruder', { zone_id: id }), id };
  if (kind === 'line') return { plan: addRule(next, 'cross_line', { line_id: id }), id };
  return { plan: next, id };
}

export function editShape<T extends Shape = Shape>(
  plan: Plan,
  kind: ShapeKind,
  id: number,
  edit: Partial<Omit<T, 'id'>>,
): Plan {
  return {
    ...plan,
    [LISTS[kind]]: shapesOf(plan, kind).map((shape) => (shape.id === id ? { ...shape, ...edit } : shape)),
  };
}

/** Whether a rule looks at this zone or line. */
export function rulesOn(plan: Plan, kind: ShapeKind, id: number): Rule[] {
  return plan.rules.filter(({ kind: ruleKind, line_id, zone_id, to_zone_id }) => {
    const { place } = KINDS[ruleKind];
    if (kind === 'line') return place === 'line' && line_id === id;
    if (kind !== 'zone' || place === 'line' || place === 'none') return false;
    return zone_id === id || (place === 'two_zones' && to_zone_id === id);
  });
}

/** Removes a shape; the rules that look at it go with it. */
export function removeShape(plan: Plan, kind: ShapeKind, id: number): Plan {
  const gone = new Set(rulesOn(plan, kind, id));
  return {
    ...plan,
    rules: plan.rules.filter((rule) => !gone.has(rule)),
    [LISTS[kind]]: shapesOf(plan, kind).filter((shape) => shape.id !== id),
  };
}

export function moveCorner(points: readonly Point[], index: number, to: Point): Point[] {
  return points.map((point, at) => (at === index ? to : point));
}

/** Inserts a corner after corner `index`; unchanged when the shape is full. */
export function insertCorner(points: readonly Point[], index: number, point: Point): Point[] {
  if (points.length >= MAX_CORNERS) return [...points];
  return [...points.slice(0, index + 1), point, ...points.slice(index + 1)];
}

/** Deletes a corner; unchanged when only the fewest are left. */
export function deleteCorner(points: readonly Point[], index: number, fewest = MIN_CORNERS): Point[] {
  return points.length <= fewest ? [...points] : points.filter((_, at) => at !== index);
}

export function addRule(
  plan: Plan,
  kind: RuleKind,
  place: { zone_id?: number | null; line_id?: number | null },
): Plan {
  return { ...plan, rules: [...plan.rules, newRule(nextId(plan.rules), kind, place)] };
}

export function editRule(plan: Plan, id: number, edit: Partial<Omit<Rule, 'id'>>): Plan {
  return { ...plan, rules: plan.rules.map((rule) => (rule.id === id ? { ...rule, ...edit } : rule)) };
}

export const removeRule = (plan: Plan, id: number): Plan => ({
  ...plan,
  rules: plan.rules.filter((rule) => rule.id !== id),
});

/** A second rule like it, beside it. */
export function copyRule(plan: Plan, id: number): Plan {
  const rule = plan.rules.find((one) => one.id === id);
  if (rule === undefined) return plan;
  const copy = { ...rule, id: nextId(plan.rules), name: `${rule.name} 2`.slice(0, MAX_NAME_CHARS) };
  return { ...plan, rules: [...plan.rules, copy] };
}

export interface Problem {
  kind: ShapeKind | 'rule';
  id: number;
  message: string;
}

function nameProblem(name: string): string | null {
  if (name.trim() === '') return 'needs a name.';
  return [...name].length > MAX_NAME_CHARS ? `has a name longer than ${MAX_NAME_CHARS} characters.` : null;
}

/** Everything that stands against Apply. */
export function findProblems(plan: Plan): Problem[] {
  const problems: Problem[] = [];
  for (const kind of SHAPE_KINDS) {
    for (const { id, name, points } of shapesOf(plan, kind)) {
      const add = (message: string) => problems.push({ kind, id, message: `${WORDS[kind]} ${id}${message}` });
      const naming = nameProblem(name);
      if (naming !== null) add(` ${naming}`);
      const shape = shapeProblem(points, isClosed(kind));
      if (shape !== null) add(`: ${shape}`);
    }
  }
  for (const mask of plan.objectMasks) {
    if (mask.classes.length > 0) continue;
    const message = `Class mask ${mask.id}: choose at least one kind of object.`;
    problems.push({ kind: 'object_mask', id: mask.id, message });
  }
  for (const rule of plan.rules) {
    const add = (message: string) =>
      problems.push({ kind: 'rule', id: rule.id, message: `Rule “${rule.name}”${message}` });
    const naming = nameProblem(rule.name);
    if (naming !== null) add(` ${naming}`);
    ruleProblems(rule).forEach((problem) => add(`: ${problem}`));
    if (KINDS[rule.kind].isAboutObjects && sizesContradict(rule.min_size, rule.max_size))
      add(': the smallest size is larger than the largest.');
  }
  return problems;
}

/** Programs that still use a zone or line which the plan no longer has. */
export function missingPlaces(plan: Plan, programs: Programs | undefined): string[] {
  if (programs === undefined) return [];
  const zones = new Set(plan.zones.map(({ id }) => id));
  const lines = new Set(plan.lines.map(({ id }) => id));
  const areas = programs.occupancy.areas.filter(({ zone_id }) => !zones.has(zone_id));
  const counters = programs.counters.filter(({ line_id }) => !lines.has(line_id));
  return [
    ...areas.map(
      ({ name }) => `The occupancy area “${name}” uses a deleted zone. Remove it on Programs first.`,
    ),
    ...counters.map(({ name }) => `The counter “${name}” uses a deleted line. Remove it on Programs first.`),
  ];
}
