// Rows of counts as series for charts and CSV. Pure.

import type { CountRow, Interval, Metric } from '../api/analytics';

export const STEP_MS: Record<Interval, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** More buckets than this cannot be told apart on a screen. */
export const MAX_BUCKETS = 2000;

export interface Range {
  label: string;
  ms: number;
  interval: Interval;
}

/** What the page opens with. */
export const LAST_DAY: Range = { label: '24 hours', ms: 86_400_000, interval: 'hour' };

export const RANGES: Range[] = [
  { label: '1 hour', ms: 3_600_000, interval: 'minute' },
  LAST_DAY,
  { label: '7 days', ms: 7 * 86_400_000, interval: 'hour' },
  { label: '30 days', ms: 30 * 86_400_000, interval: 'day' },
];

/** Where a row belongs: minutes come as they were stored, often several of them in one. */
const startOf = (row: CountRow, interval: Interval): number => {
  const at = Date.parse(row.from);
  return interval === 'minute' ? at - (at % STEP_MS.minute) : at;
};

/** Starts of the buckets that rows fall into, ascending, without holes; in ms. */
export function buckets(rows: readonly CountRow[], interval: Interval): number[] {
  const starts = [...new Set(rows.map((row) => startOf(row, interval)))].sort((a, b) => a - b);
  const [first, last] = [starts[0], starts.at(-1)];
  if (first === undefined || last === undefined) return [];
  const step = STEP_MS[interval];
  const found: number[] = [];
  let at = 0;
  // Days may have 23 or 25 hours: what the rows say holds, holes between are filled by the step.
  for (let next = first; next <= last && found.length < MAX_BUCKETS;) {
    found.push(next);
    while (at < starts.length && (starts[at] ?? 0) <= next) at += 1;
    const following = starts[at];
    next = following !== undefined && following - next < step * 1.5 ? following : next + step;
  }
  return found;
}

/** From when until when a chart of the buckets shows, in seconds: each bucket whole, also a single one. */
export function shownSeconds(starts: readonly number[], interval: Interval): [number, number] {
  const [first, last] = [starts[0] ?? 0, starts.at(-1) ?? 0];
  const margin = STEP_MS[interval] * (starts.length < 3 ? 2 : 0.5);
  return [(first - margin) / 1000, (last + margin) / 1000];
}

/** What adds up over time; the others hold for a time. */
const COUNTED = new Set<Metric>(['in', 'out', 'unique', 'stays', 'stay_sum', 'in_by_hand', 'out_by_hand']);

/**
 * One value per bucket. Counts add up over classes and are 0 where nothing is stored;
 * presence takes the row of all classes, or the highest, and is null where nothing is stored.
 * Of several rows in one bucket means are averaged.
 */
export function series(
  rows: readonly CountRow[],
  starts: readonly number[],
  ruleId: number,
  metric: Metric,
  interval: Interval = 'hour',
): (number | null)[] {
  const isCount = COUNTED.has(metric);
  const mine = rows.filter((row) => row.rule_id === ruleId && row.metric === metric);
  const hasAll = mine.some((row) => row.class === null);
  const found = new Map<number, number[]>();
  for (const row of mine) {
    if (hasAll && row.class !== null) continue;
    const at = startOf(row, interval);
    found.set(at, [...(found.get(at) ?? []), row.value]);
  }
  const isMean = metric === 'mean' && hasAll;
  return starts.map((start) => {
    const values = found.get(start);
    if (values === undefined) return isCount ? 0 : null;
    const sum = values.reduce((all, value) => all + value, 0);
    if (isCount) return sum;
    return isMean ? sum / values.length : Math.max(...values);
  });
}

/** What was counted with what people corrected; never fewer than none. */
export const corrected = (
  counted: readonly (number | null)[],
  byHand: readonly (number | null)[],
): (number | null)[] => counted.map((value, index) => Math.max(0, (value ?? 0) + (byHand[index] ?? 0)));

export type Comparison = 'off' | 'before' | 'week';

/** How far back the compared time lies, ms. A week keeps the time of the day over a change of the clock. */
export function shiftOf(comparison: Comparison, range: Range, until: number): number | null {
  if (comparison === 'off') return null;
  if (comparison === 'before') return range.ms;
  const then = new Date(until);
  then.setDate(then.getDate() - 7);
  const ms = until - then.getTime();
  // Buckets of an hour stay on hours, those of a day are UTC days.
  return range.interval === 'day' ? 7 * STEP_MS.day : ms - (ms % STEP_MS[range.interval]);
}

/** Rows of an earlier time as though they were of this one. */
export const shifted = (rows: readonly CountRow[], ms: number): CountRow[] =>
  rows.map((row) => ({
    ...row,
    from: new Date(Date.parse(row.from) + ms).toISOString(),
    until: new Date(Date.parse(row.until) + ms).toISOString(),
  }));

/** "the week before 10, +20 %"; no percentage of nothing. */
export function comparedText(label: string, now: number, then: number): string {
  if (then === 0) return `${label} 0`;
  const percent = Math.round(((now - then) / then) * 100);
  const change = percent === 0 ? 'the same' : `${percent > 0 ? '+' : '−'}${Math.abs(percent)} %`;
  return `${label} ${then}, ${change}`;
}

/** "+3 by hand", where people corrected. */
export const byHandText = (byHand: number): string =>
  byHand === 0 ? '' : `${byHand > 0 ? '+' : '−'}${Math.abs(byHand)} by hand`;

/** What is counted over lines leading in, against who is seen. */
export const BALANCE_ID = 30_000;
/** Different people and vehicles. */
export const UNIQUE_IDS = { people: 30_001, vehicle: 30_002 } as const;

export const total = (values: readonly (number | null)[]): number =>
  values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
export const highest = (values: readonly (number | null)[]): number =>
  values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);

const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** RFC 4180, with the names people gave. A name that a spreadsheet would run as a formula is defused. */
export function toCsv(rows: readonly CountRow[], nameOf: (row: CountRow) => string): string {
  const safe = (text: string) => quoted(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
  const lines = rows.map((row) =>
    [
      safe(nameOf(row)),
      String(row.rule_id),
      row.metric,
      row.class ?? 'all',
      row.from,
      row.until,
      String(row.value),
    ].join(','),
  );
  return ['name,rule_id,metric,class,from,until,value', ...lines, ''].join('\r\n');
}

/** Opacity-weighted colour of a heat value 0..=1: dark blue, green, yellow; readable without colour by brightness. */
export function heatColour(value: number): [number, number, number, number] {
  const v = Math.min(1, Math.max(0, value));
  if (v === 0) return [0, 0, 0, 0];
  const stops: [number, number, number][] = [
    [49, 40, 130],
    [33, 145, 140],
    [253, 231, 37],
  ];
  const at = v * 2;
  const low = stops[Math.min(1, Math.floor(at))] ?? [0, 0, 0];
  const high = stops[Math.min(2, Math.floor(at) + 1)] ?? [0, 0, 0];
  const part = Math.min(1, at - Math.min(1, Math.floor(at)));
  const mix = (index: 0 | 1 | 2) => Math.round(low[index] + (high[index] - low[index]) * part);
  return [mix(0), mix(1), mix(2), Math.round(90 + 130 * v)];
}
