import { describe, expect, it } from 'vitest';
import type { StateChange } from '../api/states';
import {
  boundsOf,
  completeStates,
  lookOf,
  newDetector,
  newRule,
  nextId,
  rectangle,
  ruleText,
  shares,
  stateChanges,
  stateProblems,
  stretches,
} from './words';

const detector = { ...newDetector(3, rectangle([0.5, 0.6], [0.2, 0.1])), name: 'Door' };

describe('detectors', () => {
  it('a rectangle is drawn between any two corners', () => {
    expect(boundsOf(detector.points)).toEqual([0.2, 0.1, 0.5, 0.6]);
    expect(detector.points[0]).toEqual([0.2, 0.1]);
  });

  it('states differ by colour, shape and stripes', () => {
    const states = Array.from({ length: 8 }, (_, index) => ({ id: index + 1, name: `s${index}` }));
    const looks = states.map(({ id }) => lookOf({ ...detector, states }, id));
    for (const key of ['colour', 'shape'] as const)
      expect(new Set(looks.map((look) => look[key])).size).toBe(8);
    expect(new Set(looks.map(({ stripes }) => stripes.join())).size).toBe(8);
    expect(lookOf(detector, null)).not.toEqual(looks[0]);
  });

  it('a new rule is about the last state and has a number of its own', () => {
    const rule = newRule([{ ...detector, rules: [{ ...newRule([], detector), id: 7 }] }], detector);
    expect(rule.id).toBe(8);
    expect(ruleText(detector, rule)).toBe('Alarm while Door is open for 1 min');
    expect(ruleText(detector, { ...rule, is_not: true, for_s: 0 })).toBe('Alarm while Door is not open');
    expect(nextId([], 4)).toBe(5);
  });

  it('what cannot be applied is said in words', () => {
    expect(stateProblems([detector])).toEqual([]);
    const [first] = detector.states;
    if (first === undefined) throw new Error('it has two');
    const rule = { ...newRule([], detector), state_id: 9 };
    expect(
      stateProblems([
        { ...detector, states: [first], settle_s: 700, collect_every_min: 0, rules: [rule] },
        { ...detector, name: ' ', states: [first, { ...first, id: 5 }] },
      ]),
    ).toEqual([
      '“Door” needs at least two states.',
      '“Door”: a state can settle for 0 to 600 seconds.',
      '“Door”: pictures can be kept every 1 to 60 minutes.',
      '“Door”: the rule “Door open” is about a state that was removed.',
      'A region needs a name.',
      '“ ”: two states have one name.',
    ]);
  });

  it('changes are told one by one', () => {
    const before = completeStates({ detectors: [detector, { ...detector, id: 4, name: 'Gate' }] });
    const moved = { ...detector, settle_s: 9, points: rectangle([0, 0], [1, 1]) };
    const added = { ...detector, id: 9, name: 'Shelf' };
    const after = { ...before, is_enabled: true, detectors: [moved, added] };
    expect(stateChanges(before, after).map(({ mark, text }) => `${mark} ${text}`)).toEqual([
      'added Learnt states on',
      'changed Region “Door”: drawn anew',
      'changed Region “Door”: settings',
      'added Region “Shelf”',
      'removed Region “Gate” with its examples',
    ]);
    expect(stateChanges(before, before)).toEqual([]);
  });
});

describe('timeline', () => {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  const change = (seconds: number, state_id: number | null): StateChange => ({
    at: at(seconds),
    state_id,
    likelihood: 0.9,
  });

  it('stretches fill the whole time, also before the first change', () => {
    const parts = stretches([change(50, 1), change(150, 2), change(160, 2), change(180, null)], 0, 200_000);
    expect(parts.map(({ stateId, from, until }) => [stateId, from, until])).toEqual([
      [null, 0, 0.25],
      [1, 0.25, 0.75],
      [2, 0.75, 0.9],
      [null, 0.9, 1],
    ]);
    expect(shares(detector, parts)).toBe(
      'closed 1 min 40 s (50 %), not known 1 min 10 s (35 %), open 30 s (15 %)',
    );
  });

  it('what began before the shown time is cut', () => {
    const parts = stretches([change(-500, 1), change(100, 2)], 0, 200_000);
    expect(parts.map(({ stateId, from }) => [stateId, from])).toEqual([
      [1, 0],
      [2, 0.5],
    ]);
    expect(stretches([], 0, 1000)).toHaveLength(1);
  });
});
