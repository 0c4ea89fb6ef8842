// The draft of a camera's zones, masks and rules, with undo and redo. Pure.
//
// Every change makes a new `Plan`; nothing reaches the camera before Apply.

import type { CameraSettings, ObjectClass, Point, Rule, Shape } from '../api/types';
import { MAX_CORNERS, MIN_CORNERS, shapeProblem } from './geometry';

export type ShapeKind = 'zone' | 'mask';

export interface Plan {
  zones: Shape[];
  masks: Shape[];
  rules: Rule[];
  motionSensitivity: number;
}

export interface Draft {
  past: Plan[];
  now: Plan;
  future: Plan[];
}

export const MAX_SHAPES = 64;
export const MAX_NAME_CHARS = 64;
const MAX_UNDO = 200;
export const ALL_CLASSES: ObjectClass[] = ['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck'];

export function planOf(camera: CameraSettings): Plan {
  return {
    zones: camera.zones,
    masks: camera.masks,
    rules: camera.rules,
    motionSensitivity: camera.motion_sensitivity,
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

const listOf = (kind: ShapeKind): 'zones' | 'masks' => (kind === 'zone' ? 'zones' : 'masks');
export const shapesOf = (plan: Plan, kind: ShapeKind): Shape[] => plan[listOf(kind)];

export function addShape(plan: Plan, kind: ShapeKind, points: Point[]): { plan: Plan; id: number } {
  const shapes = shapesOf(plan, kind);
  const id = nextId(shapes);
  const name = `${kind === 'zone' ? 'Zone' : 'Mask'} ${id}`;
  const next: Plan = { ...plan, [listOf(kind)]: [...shapes, { id, name, points }] };
  // A new zone gets the rule most people draw it for; a zone without one does nothing.
  return { plan: kind === 'zone' ? addRule(next, id) : next, id };
}

export function editShape(plan: Plan, kind: ShapeKind, id: number, edit: Partial<Omit<Shape, 'id'>>): Plan {
  return {
    ...plan,
    [listOf(kind)]: shapesOf(plan, kind).map((shape) => (shape.id === id ? { ...shape, ...edit } : shape)),
  };
}

/** Removes a shape; a zone's rules go with it. */
export function removeShape(plan: Plan, kind: ShapeKind, id: number): Plan {
  const rules = kind === 'zone' ? plan.rules.filter((rule) => rule.zone_id !== id) : plan.rules;
  return { ...plan, rules, [listOf(kind)]: shapesOf(plan, kind).filter((shape) => shape.id !== id) };
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
export function deleteCorner(points: readonly Point[], index: number): Point[] {
  return points.length <= MIN_CORNERS ? [...points] : points.filter((_, at) => at !== index);
}

export function addRule(plan: Plan, zoneId: number): Plan {
  const id = nextId(plan.rules);
  const rule: Rule = {
    id,
    name: 'Intruder',
    kind: 'intruder',
    zone_id: zoneId,
    classes: ['person'],
    dwell_s: 1,
    sensitivity: 5,
    is_enabled: true,
  };
  return { ...plan, rules: [...plan.rules, rule] };
}

export function editRule(plan: Plan, id: number, edit: Partial<Omit<Rule, 'id'>>): Plan {
  return { ...plan, rules: plan.rules.map((rule) => (rule.id === id ? { ...rule, ...edit } : rule)) };
}

export const removeRule = (plan: Plan, id: number): Plan => ({
  ...plan,
  rules: plan.rules.filter((rule) => rule.id !== id),
});

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
  for (const kind of ['zone', 'mask'] as const) {
    for (const { id, name, points } of shapesOf(plan, kind)) {
      const label = kind === 'zone' ? `Zone ${id}` : `Mask ${id}`;
      const naming = nameProblem(name);
      if (naming !== null) problems.push({ kind, id, message: `${label} ${naming}` });
      const shape = shapeProblem(points);
      if (shape !== null) problems.push({ kind, id, message: `${label}: ${shape}` });
    }
  }
  for (const rule of plan.rules) {
    const label = `Rule “${rule.name}” of zone ${rule.zone_id}`;
    const naming = nameProblem(rule.name);
    if (naming !== null) problems.push({ kind: 'rule', id: rule.id, message: `${label} ${naming}` });
    if (rule.classes.length === 0) {
      problems.push({ kind: 'rule', id: rule.id, message: `${label}: choose at least one kind of object.` });
    }
    if (!(rule.dwell_s >= 0 && rule.dwell_s <= 600)) {
      problems.push({ kind: 'rule', id: rule.id, message: `${label}: the time must be 0 to 600 seconds.` });
    }
  }
  return problems;
}
