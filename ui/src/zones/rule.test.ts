import { describe, expect, it } from 'vitest';
import { leavesOutParked } from './parked';
import { completeRule, KIND_NAMES, KINDS, newRule, ruleInput, ruleProblems, type Rule } from './rule';

const intruder = completeRule({ id: 1, name: 'In', kind: 'intruder', zone_id: 2, classes: ['person'] });

describe('what is sent', () => {
  it('of a plain rule is only what its kind uses', () => {
    expect(ruleInput(intruder)).toEqual({
      id: 1,
      name: 'In',
      kind: 'intruder',
      is_enabled: true,
      sensitivity: 5,
      zone_id: 2,
      classes: ['person'],
      dwell_s: 1,
    });
  });
  it('names thresholds set by hand class by class', () => {
    const rule: Rule = { ...intruder, classes: { person: { threshold: 0.7 }, car: { threshold: null } } };
    expect(ruleInput(rule).classes).toEqual({ person: { threshold: 0.7 }, car: { threshold: null } });
  });
  it('of a rule about the picture has no classes and no zone', () => {
    const sent = ruleInput({ ...intruder, kind: 'signal_lost' });
    expect(Object.keys(sent).sort()).toEqual(['after_s', 'id', 'is_enabled', 'kind', 'name', 'sensitivity']);
  });
  it.each(KIND_NAMES)('%s loses none of its own fields on the way', (kind) => {
    const rule: Rule = {
      ...newRule(3, kind, { zone_id: 4, line_id: 6 }),
      to_zone_id: 5,
      cool_down_s: 30,
      schedule_id: 'night',
      heading_deg: 271,
      ways: 'right_to_left',
      is_in_total: true,
      min_size: { at: [{ y: 1, width: 0.1, height: 0.2 }] },
      hold_score: 0.2,
      max_aspect: 0.8,
      min_speed_kmh: 10,
    };
    KINDS[kind].numbers.forEach((key, at) => (rule[key] = 17 + at));
    const { place, extras, numbers, isAboutObjects } = KINDS[kind];
    const kept: (keyof Rule)[] = [...numbers, 'cool_down_s', 'schedule_id'];
    if (place === 'line') kept.push('line_id');
    else if (place !== 'none') kept.push('zone_id');
    if (place === 'two_zones') kept.push('to_zone_id');
    if (extras.includes('heading')) kept.push('heading_deg');
    if (extras.includes('ways')) kept.push('ways');
    if (extras.includes('in_total')) kept.push('is_in_total');
    if (isAboutObjects) kept.push('min_size', 'classes');
    const back = completeRule(ruleInput(rule));
    for (const key of kept) expect(back[key], key).toEqual(rule[key]);
  });
});

describe('problems', () => {
  it.each([
    ['choose a line', { kind: 'cross_line', line_id: null }],
    ['choose a zone', { zone_id: null }],
    ['two different zones', { kind: 'zone_sequence', to_zone_id: 2 }],
    ['kind of object', { classes: {} }],
    ['0 to 600', { dwell_s: -1 }],
    ['86,400', { cool_down_s: 86_401 }],
    ['problem of the picture', { kind: 'picture_problem', problems: [] }],
  ] as [string, Partial<Rule>][])('%s', (words, edit) => {
    expect(ruleProblems({ ...intruder, ...edit })).toEqual([expect.stringContaining(words)]);
  });
  it('a thing left behind needs no class', () => {
    expect(ruleProblems(newRule(1, 'object_left', { zone_id: 1 }))).toEqual([]);
  });
  it('a number of another kind is not asked', () => {
    expect(ruleProblems({ ...intruder, stay_s: Number.NaN })).toEqual([]);
  });
});

describe('parked vehicles', () => {
  it('are left out by default where somebody is looked for, and the choice is kept', () => {
    const intruder = newRule(1, 'intruder', { zone_id: 1 });
    expect(leavesOutParked(intruder)).toBe(true);
    expect('ignores_parked' in ruleInput(intruder)).toBe(false);
    const chosen = completeRule(ruleInput({ ...intruder, ignores_parked: false }));
    expect(leavesOutParked(chosen)).toBe(false);
    expect(leavesOutParked(newRule(2, 'count_over_limit', { zone_id: 1 }))).toBe(false);
  });
});
