import { describe, expect, it } from 'vitest';
import type { Mask, Point } from '../api/types';
import { copyInto } from './copy';
import { changesMotion, diffPlans } from './diff';
import * as draft from './draft';

const triangle: Point[] = [
  [0, 0],
  [1, 0],
  [1, 1],
];
const zoned = draft.addShape(draft.EMPTY, 'zone', triangle).plan;
const both = draft.addShape(zoned, 'line', triangle.slice(1)).plan;

describe('diffPlans', () => {
  it('of equal plans is empty', () => expect(diffPlans(both, structuredClone(both))).toEqual([]));
  it('names what was added and removed', () => {
    expect(diffPlans(zoned, both)).toEqual([
      { mark: 'added', text: 'Line 1 “Line 1”' },
      { mark: 'added', text: 'Rule “Cross line” (cross line)' },
    ]);
    expect(diffPlans(both, draft.removeShape(both, 'zone', 1)).map(({ mark }) => mark)).toEqual([
      'removed',
      'removed',
    ]);
  });
  it.each([
    ['after being inside for 1 → 9 seconds', { dwell_s: 9 }],
    ['person → person, car', { classes: { person: { threshold: null }, car: { threshold: null } } }],
    ['thresholds', { classes: { person: { threshold: 0.8 } } }],
    ['schedule always → another', { schedule_id: 'night' }],
    ['while the scene is seen badly alarm as usual → no alarm', { health: 'healthy' as const }],
    ['now loitering', { kind: 'loitering' as const }],
    ['smallest size none → set', { min_size: { at: [{ y: 1, width: 0.1, height: 0.2 }] } }],
  ])('says “%s”', (words, edit) => {
    const [change] = diffPlans(zoned, draft.editRule(zoned, 1, edit));
    expect(change?.text).toContain(words);
  });
  it('leaves out what the kind of rule does not use', () => {
    expect(diffPlans(zoned, draft.editRule(zoned, 1, { stay_s: 99 }))).toEqual([]);
  });
  it('tells a shape drawn anew from one renamed', () => {
    const [renamed] = diffPlans(zoned, draft.editShape(zoned, 'zone', 1, { name: 'Gate' }));
    expect(renamed?.text).toBe('Zone 1 “Gate”: was “Zone 1”');
    const [moved] = diffPlans(zoned, draft.editShape(zoned, 'zone', 1, { points: [...triangle].reverse() }));
    expect(moved?.text).toBe('Zone 1 “Zone 1”: drawn anew');
  });
});

describe('masks', () => {
  const masked = draft.addShape(draft.addShape(both, 'mask', triangle).plan, 'object_mask', triangle).plan;
  it.each(['mask', 'object_mask'] as const)('switching a %s is told as that alone', (kind) => {
    const off = draft.editShape<Mask>(masked, kind, 1, { is_enabled: false });
    const word = kind === 'mask' ? 'Mask 1 “Mask 1”' : 'Class mask 1 “Class mask 1”';
    expect(diffPlans(masked, off)).toEqual([{ mark: 'changed', text: `${word}: switched off` }]);
    expect(diffPlans(off, masked)).toEqual([{ mark: 'changed', text: `${word}: switched on` }]);
  });
  it('only masks of motion that work change what moves', () => {
    const off = (plan: draft.Plan, kind: draft.ShapeKind) =>
      draft.editShape<Mask>(plan, kind, 1, { is_enabled: false });
    expect(changesMotion(masked, off(masked, 'mask'))).toBe(true);
    expect(changesMotion(masked, off(masked, 'object_mask'))).toBe(false);
    expect(changesMotion(off(masked, 'mask'), { ...masked, masks: [] })).toBe(false);
  });
});

describe('copyInto', () => {
  const all = { zones: true, lines: true, masks: true, rules: true };
  it('gives new numbers and takes the rules along to them', () => {
    const plan = copyInto(both, both, all);
    expect(plan.zones.map(({ id }) => id)).toEqual([1, 2]);
    expect(plan.rules.map(({ id, zone_id, line_id }) => [id, zone_id, line_id])).toEqual([
      [1, 1, null],
      [2, null, 1],
      [3, 2, null],
      [4, null, 2],
    ]);
  });
  it('leaves a rule behind whose place stays behind', () => {
    const plan = copyInto(draft.EMPTY, both, { ...all, lines: false });
    expect(plan.rules.map(({ kind }) => kind)).toEqual(['intruder']);
  });
  it('stops at the most that a camera can have', () => {
    let full = both;
    for (let n = 0; n < 8; n += 1) full = copyInto(full, full, all);
    expect(full.zones).toHaveLength(64);
    expect(full.rules.length).toBeLessThanOrEqual(256);
  });
});

it('programs that use a deleted zone or line are named', () => {
  const area = {
    id: 1,
    name: 'Hall',
    zone_id: 1,
    classes: [],
    warning: null,
    threshold: 5,
    rise_s: 0,
    fall_s: 0,
    hysteresis: 0,
  };
  const settings = { is_enabled: true, schedule_id: null };
  const sightings = {
    ...settings,
    zone_ids: [],
    min_height_px: 24,
    attributes: true,
    further: [],
    visitors_window_s: 1800,
  };
  const programs = {
    vmd: settings,
    people: sightings,
    vehicle: sightings,
    occupancy: { ...settings, interval_s: 60, areas: [area], in_line_ids: [] },
    state: { ...settings, detectors: [] },
    counters: [{ id: 1, name: 'Door', line_id: 1, classes: [], resets: [], interval_s: 60 }],
  };
  expect(draft.missingPlaces(both, programs)).toEqual([]);
  expect(draft.missingPlaces(draft.EMPTY, programs)).toEqual([
    expect.stringContaining('Hall'),
    expect.stringContaining('Door'),
  ]);
});
