import { describe, expect, it } from 'vitest';
import type { Point } from '../api/types';
import * as draft from './draft';

const triangle: Point[] = [
  [0, 0],
  [1, 0],
  [1, 1],
];
const empty = draft.EMPTY;

describe('undo and redo', () => {
  it('walk back and forth through every change', () => {
    let state = draft.startDraft(empty);
    const first = draft.addShape(state.now, 'zone', triangle);
    state = draft.change(state, first.plan);
    state = draft.change(state, draft.editShape(state.now, 'zone', first.id, { name: 'Gate' }));
    expect(draft.undo(state).now.zones[0]?.name).toBe('Zone 1');
    expect(draft.undo(draft.undo(state)).now).toBe(empty);
    expect(draft.redo(draft.undo(state)).now).toBe(state.now);
    expect(draft.undo(draft.startDraft(empty)).now).toBe(empty);
  });
  it('a new change forgets what was undone', () => {
    let state = draft.change(draft.startDraft(empty), draft.addShape(empty, 'mask', triangle).plan);
    state = draft.change(draft.undo(state), draft.addShape(empty, 'zone', triangle).plan);
    expect(draft.redo(state)).toBe(state);
  });
  it('a drag is one step', () => {
    const { plan, id } = draft.addShape(empty, 'zone', triangle);
    let state = draft.change(draft.startDraft(plan), { ...plan });
    for (let n = 0; n < 10; n += 1) {
      const points = draft.moveCorner(triangle, 0, [n / 20, 0]);
      state = draft.amend(state, draft.editShape(state.now, 'zone', id, { points }));
    }
    expect(draft.undo(state).now).toBe(plan);
  });
});

describe('shapes', () => {
  it('a new zone comes with an intruder rule, a mask without', () => {
    const zone = draft.addShape(empty, 'zone', triangle).plan;
    expect(zone.rules).toMatchObject([
      { zone_id: 1, kind: 'intruder', classes: { person: { threshold: null } } },
    ]);
    expect(draft.addShape(empty, 'mask', triangle).plan.rules).toEqual([]);
  });
  it('removing a zone removes its rules and never gives its number away below a higher one', () => {
    let plan = draft.addShape(draft.addShape(empty, 'zone', triangle).plan, 'zone', triangle).plan;
    plan = draft.removeShape(plan, 'zone', 1);
    expect(plan.rules.map((rule) => rule.zone_id)).toEqual([2]);
    expect(draft.nextId(plan.zones)).toBe(3);
  });
  it('corners are inserted after their edge and never fall below three', () => {
    expect(draft.insertCorner(triangle, 0, [0.5, 0])).toEqual([
      [0, 0],
      [0.5, 0],
      [1, 0],
      [1, 1],
    ]);
    expect(draft.insertCorner(triangle, 2, [0.5, 0.5])).toEqual([...triangle, [0.5, 0.5]]);
    expect(draft.deleteCorner(triangle, 1)).toEqual(triangle);
    const full = Array.from({ length: 64 }, (): Point => [0, 0]);
    expect(draft.insertCorner(full, 0, [1, 1])).toHaveLength(64);
  });
});

describe('findProblems', () => {
  const good = draft.addShape(empty, 'zone', triangle).plan;
  it('finds none in a good plan', () => expect(draft.findProblems(good)).toEqual([]));
  it.each([
    ['name', draft.editShape(good, 'zone', 1, { name: '  ' })],
    ['at least 3', draft.editShape(good, 'zone', 1, { points: triangle.slice(1) })],
    ['kind of object', draft.editRule(good, 1, { classes: {} })],
    ['600', draft.editRule(good, 1, { dwell_s: 601 })],
    ['600', draft.editRule(good, 1, { dwell_s: Number.NaN })],
  ])('names what is wrong: %s', (words, plan) => {
    expect(draft.findProblems(plan).map((problem) => problem.message)).toEqual([
      expect.stringContaining(words),
    ]);
  });
});

it('a plan equals its copy, not a changed one', () => {
  const { plan } = draft.addShape(empty, 'zone', triangle);
  expect(draft.samePlan(plan, structuredClone(plan))).toBe(true);
  expect(draft.samePlan(plan, draft.editRule(plan, 1, { dwell_s: 2 }))).toBe(false);
});
