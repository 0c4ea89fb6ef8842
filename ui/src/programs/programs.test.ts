import { describe, expect, it } from 'vitest';
import { wayWord } from '../sightings/words';
import { completePrograms, loadPercent, parseResets, programChanges, programProblems } from './programs';

const start = completePrograms(undefined);
const area = {
  id: 1,
  name: 'Hall',
  zone_id: 1,
  classes: ['person' as const],
  warning: 8,
  threshold: 10,
  rise_s: 5,
  fall_s: 10,
  hysteresis: 1,
};
const withArea = (edit: Partial<typeof area> & { warning?: number }) => ({
  ...start,
  occupancy: { ...start.occupancy, areas: [{ ...area, ...edit }] },
});

it('an older document runs AI-VMD alone', () => {
  expect(start.vmd.is_enabled).toBe(true);
  expect([start.people, start.vehicle, start.occupancy].map(({ is_enabled }) => is_enabled)).toEqual([
    false,
    false,
    false,
  ]);
});

describe('problems', () => {
  it('a fitting area has none', () => expect(programProblems(withArea({}))).toEqual([]));
  it.each([
    ['1 to 500', { threshold: 501, warning: 8 }],
    ['below the threshold', { warning: 10 }],
    ['3,600', { rise_s: 3601 }],
    ['name', { name: '' }],
  ])('%s', (words, edit) => {
    expect(programProblems(withArea(edit))).toEqual([expect.stringContaining(words)]);
  });
  it('a reset that is no time is named', () => {
    const counter = { id: 1, name: 'Door', line_id: 1, classes: [], resets: ['25:00'], interval_s: 60 };
    expect(programProblems({ ...start, counters: [counter] })).toEqual([expect.stringContaining('25:00')]);
  });
});

it('resets are put in order, once each', () => {
  expect(parseResets('18:30, 6:00 18:30;00:00')).toEqual(['00:00', '06:00', '18:30']);
});

it('changes name what is switched and what is set', () => {
  const next = { ...start, people: { ...start.people, is_enabled: true, min_height_px: 40 } };
  expect(programChanges(start, next).map(({ text }) => text)).toEqual([
    'AI People Detection on',
    'AI People Detection: settings',
  ]);
  expect(programChanges(start, structuredClone(start))).toEqual([]);
});

it('load is a share of the budget, and no budget is no load', () => {
  expect(loadPercent(100, 400)).toBe(25);
  expect(loadPercent(5, 0)).toBe(0);
});

it('what is set for installed programs stays', () => {
  const extensions = { queue: { is_enabled: true, schedule_id: null, settings: { metres: 3 } } };
  expect(completePrograms({ ...start, extensions }).extensions).toEqual(extensions);
});

it('directions are words, and wrap round', () => {
  expect([0, 44, 90, 181, 359, -90].map(wayWord)).toEqual(['up', 'up right', 'right', 'down', 'up', 'left']);
  expect(wayWord(null)).toBeNull();
});
