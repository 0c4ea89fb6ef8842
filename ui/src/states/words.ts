// Learnt states: what a new detector is, what stands against applying it, and how states are told apart. Pure.

import type { StateChange, StateDetector, StateRule, StateSettings } from '../api/states';
import type { Box, Point } from '../api/types';
import { formatDuration } from '../lib/format';
import type { Change } from '../zones/diff';
import { findCrossing } from '../zones/geometry';

export const MAX_DETECTORS = 16;
export const MAX_STATES = 8;
export const MAX_RULES = 16;

/** Colour and shape, never colour alone. The colours are Okabe and Ito's, darkened where text stands on them. */
export interface Look {
  colour: string;
  /** An SVG path on a 16 x 16 grid. */
  shape: string;
  /** Stripes of the timeline: angle in degrees, and width in pixels; 0 is plain. */
  stripes: [number, number];
}

const LOOKS: Look[] = [
  { colour: '#0072b2', shape: 'M8 2a6 6 0 1 0 0 12 6 6 0 0 0 0-12z', stripes: [0, 0] },
  { colour: '#d55e00', shape: 'M8 1.5l7 12.5H1z', stripes: [45, 7] },
  { colour: '#009e73', shape: 'M2 2h12v12H2z', stripes: [90, 5] },
  { colour: '#cc79a7', shape: 'M8 1l7 7-7 7-7-7z', stripes: [135, 7] },
  { colour: '#e69f00', shape: 'M6 1h4v5h5v4h-5v5H6v-5H1V6h5z', stripes: [0, 4] },
  { colour: '#56b4e9', shape: 'M1 2h14L8 14.5z', stripes: [45, 3] },
  {
    colour: '#8a7a00',
    shape: 'M8 1l2 5h5l-4 3.4 1.6 5.1L8 11.4l-4.6 3.1L5 9.4 1 6h5z',
    stripes: [90, 9],
  },
  { colour: '#5b5b5b', shape: 'M1 5h14v6H1z', stripes: [135, 3] },
];
const UNKNOWN: Look = { colour: '#8794a1', shape: 'M3 7h10v2H3z', stripes: [45, 2] };

/** Of the state at this place of the detector's list. */
export function lookOf(detector: StateDetector, stateId: number | null): Look {
  const index = detector.states.findIndex(({ id }) => id === stateId);
  return LOOKS[index] ?? UNKNOWN;
}

export const stateName = (detector: StateDetector, stateId: number | null): string =>
  detector.states.find(({ id }) => id === stateId)?.name ??
  (stateId === null ? 'not known' : 'removed state');

/** Ids are never given twice, not even those of what was removed in this draft. */
export const nextId = (used: readonly { id: number }[], least = 0): number =>
  Math.max(least, ...used.map(({ id }) => id)) + 1;

export function newDetector(id: number, points: Point[]): StateDetector {
  return {
    id,
    name: `Region ${id}`,
    points,
    states: [
      { id: 1, name: 'closed' },
      { id: 2, name: 'open' },
    ],
    settle_s: 3,
    collect_every_min: null,
    rules: [],
  };
}

export function newRule(detectors: readonly StateDetector[], detector: StateDetector): StateRule {
  const state = detector.states.at(-1);
  return {
    id: nextId(detectors.flatMap(({ rules }) => rules)),
    name: `${detector.name} ${state?.name ?? ''}`.trim(),
    state_id: state?.id ?? 1,
    is_not: false,
    for_s: 60,
    is_enabled: true,
    schedule_id: null,
  };
}

export function ruleText(detector: StateDetector, rule: StateRule): string {
  const verb = rule.is_not ? 'is not' : 'is';
  const time = rule.for_s === 0 ? '' : ` for ${formatDuration(rule.for_s)}`;
  return `Alarm while ${detector.name} ${verb} ${stateName(detector, rule.state_id)}${time}`;
}

/** Box around a region. */
export function boundsOf(points: readonly Point[]): Box {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** A rectangle between two corners, clockwise from the top left. */
export function rectangle([ax, ay]: Point, [bx, by]: Point): Point[] {
  const [x1, x2, y1, y2] = [Math.min(ax, bx), Math.max(ax, bx), Math.min(ay, by), Math.max(ay, by)];
  return [
    [x1, y1],
    [x2, y1],
    [x2, y2],
    [x1, y2],
  ];
}

export function completeStates(states: Partial<StateSettings> | undefined): StateSettings {
  return { is_enabled: false, schedule_id: null, detectors: [], ...states };
}

export function stateProblems(detectors: readonly StateDetector[]): string[] {
  const found: string[] = [];
  if (detectors.length > MAX_DETECTORS) found.push(`At most ${MAX_DETECTORS} regions.`);
  for (const detector of detectors) {
    const label = `“${detector.name}”`;
    if (detector.name.trim() === '') found.push('A region needs a name.');
    if (detector.states.length < 2) found.push(`${label} needs at least two states.`);
    const names = detector.states.map(({ name }) => name.trim().toLowerCase());
    if (names.includes('')) found.push(`${label}: a state needs a name.`);
    else if (new Set(names).size < names.length) found.push(`${label}: two states have one name.`);
    if (!(detector.settle_s >= 0 && detector.settle_s <= 600))
      found.push(`${label}: a state can settle for 0 to 600 seconds.`);
    const every = detector.collect_every_min;
    if (every !== null && !(every >= 1 && every <= 60))
      found.push(`${label}: pictures can be kept every 1 to 60 minutes.`);
    if (findCrossing(detector.points) !== null) found.push(`${label}: its edges cross.`);
    for (const rule of detector.rules) {
      if (rule.name.trim() === '') found.push(`${label}: a rule needs a name.`);
      if (!(rule.for_s >= 0 && rule.for_s <= 86_400))
        found.push(`${label}: an alarm can wait for 0 to 86,400 seconds.`);
      if (!detector.states.some(({ id }) => id === rule.state_id))
        found.push(`${label}: the rule “${rule.name}” is about a state that was removed.`);
    }
  }
  return found;
}

export function stateChanges(before: StateSettings, after: StateSettings): Change[] {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const changes: Change[] = [];
  if (before.is_enabled !== after.is_enabled)
    changes.push({
      mark: after.is_enabled ? 'added' : 'removed',
      text: `Learnt states ${after.is_enabled ? 'on' : 'off'}`,
    });
  if (before.schedule_id !== after.schedule_id) changes.push({ mark: 'changed', text: 'Schedule' });
  for (const detector of after.detectors) {
    const was = before.detectors.find(({ id }) => id === detector.id);
    if (was === undefined) changes.push({ mark: 'added', text: `Region “${detector.name}”` });
    else if (!same(was.points, detector.points))
      changes.push({ mark: 'changed', text: `Region “${detector.name}”: drawn anew` });
    if (was !== undefined && !same({ ...was, points: 0 }, { ...detector, points: 0 }))
      changes.push({ mark: 'changed', text: `Region “${detector.name}”: settings` });
  }
  for (const { id, name } of before.detectors)
    if (!after.detectors.some((one) => one.id === id))
      changes.push({ mark: 'removed', text: `Region “${name}” with its examples` });
  return changes;
}

export interface Stretch {
  stateId: number | null;
  /** Parts of the shown time, 0..=1. */
  from: number;
  until: number;
  fromMs: number;
  untilMs: number;
}

/** The states of a time as stretches side by side; nothing was known before the first change. */
export function stretches(changes: readonly StateChange[], fromMs: number, untilMs: number): Stretch[] {
  const found: Stretch[] = [];
  const length = Math.max(1, untilMs - fromMs);
  const add = (stateId: number | null, startMs: number, endMs: number) => {
    const [start, end] = [Math.max(fromMs, startMs), Math.min(untilMs, endMs)];
    if (end <= start) return;
    const last = found.at(-1);
    if (last?.stateId === stateId) {
      last.until = (end - fromMs) / length;
      last.untilMs = end;
      return;
    }
    const part = (ms: number) => (ms - fromMs) / length;
    found.push({ stateId, from: part(start), until: part(end), fromMs: start, untilMs: end });
  };
  const first = changes[0];
  add(null, fromMs, first === undefined ? untilMs : Date.parse(first.at));
  changes.forEach((change, index) => {
    const next = changes[index + 1];
    add(change.state_id, Date.parse(change.at), next === undefined ? untilMs : Date.parse(next.at));
  });
  return found;
}

/** "open 2 h 10 min (9 %), closed 21 h (87 %)": how the time was shared. */
export function shares(detector: StateDetector, parts: readonly Stretch[]): string {
  const sums = new Map<number | null, number>();
  for (const { stateId, fromMs, untilMs } of parts)
    sums.set(stateId, (sums.get(stateId) ?? 0) + untilMs - fromMs);
  const all = [...sums.values()].reduce((sum, ms) => sum + ms, 0);
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .map(
      ([stateId, ms]) =>
        `${stateName(detector, stateId)} ${formatDuration(ms / 1000)} (${Math.round((ms / all) * 100)} %)`,
    )
    .join(', ');
}
