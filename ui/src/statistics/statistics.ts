// Numbers of the statistics page: ranges, series that fit a chart, tiles. Pure.

import type { Metric } from '../api/analytics';
import type { StatInterval, StatSplit, Statistics } from '../api/statistics';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** More lines cannot be told apart; the rest is one. */
export const MAX_SERIES = 7;

/** Told apart also by people who see few colours (after Okabe and Ito), and by dashes. */
export const PALETTE = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#999933',
  '#7a7a7a',
];

export interface StatRange {
  label: string;
  ms: number;
  interval: StatInterval;
}
export const DEFAULT_RANGE: StatRange = { label: '7 days', ms: 7 * DAY_MS, interval: 'hour' };
export const STAT_RANGES: StatRange[] = [
  { label: '2 hours', ms: 2 * HOUR_MS, interval: 'minute' },
  { label: '24 hours', ms: DAY_MS, interval: 'hour' },
  DEFAULT_RANGE,
  { label: '30 days', ms: 30 * DAY_MS, interval: 'day' },
  { label: '12 months', ms: 365 * DAY_MS, interval: 'day' },
  { label: '2 years', ms: 730 * DAY_MS, interval: 'month' },
];

export const METRICS: { metric: Metric; label: string; unit: string }[] = [
  { metric: 'in', label: 'Ins over lines', unit: 'crossings' },
  { metric: 'out', label: 'Outs over lines', unit: 'crossings' },
  { metric: 'unique', label: 'Different people and vehicles', unit: 'different ones' },
  { metric: 'peak', label: 'Most present at once', unit: 'present' },
  { metric: 'mean', label: 'Present on average', unit: 'present' },
  { metric: 'stays', label: 'Stays in zones', unit: 'stays' },
  { metric: 'stay_max', label: 'Longest stay', unit: 'seconds' },
];

/** What adds up, and so can be stacked and summed. */
export const isAdded = (metric: Metric): boolean => ['in', 'out', 'unique', 'stays'].includes(metric);

/** What somebody chose to see. */
export interface StatChoice {
  metric: Metric;
  /** Place in `STAT_RANGES`. */
  rangeIndex: number;
  split: StatSplit;
  look: 'line' | 'bar' | 'stacked';
  comparison: 'off' | 'before' | 'year';
  /** Empty: all. */
  cameraId: string;
  /** `camera/rule`; empty: all. */
  source: string;
  className: string;
}

export interface NamedSeries {
  name: string;
  values: (number | null)[];
}

/** Sum, or the highest where a sum means nothing. */
export function overall(values: readonly (number | null)[], metric: Metric): number {
  const known = values.filter((value): value is number => value !== null);
  return isAdded(metric) ? known.reduce((sum, value) => sum + value, 0) : Math.max(0, ...known);
}

/** The series with the largest numbers, by name; all others are one. */
export function topSeries(series: readonly NamedSeries[], metric: Metric): NamedSeries[] {
  const sorted = [...series].sort((a, b) => overall(b.values, metric) - overall(a.values, metric));
  if (sorted.length <= MAX_SERIES + 1) return sorted;
  const rest = sorted.slice(MAX_SERIES);
  const join = (values: (number | null)[]) => {
    const known = values.filter((value): value is number => value !== null);
    return known.length === 0 ? null : overall(known, metric);
  };
  const values = (rest[0]?.values ?? []).map((_, at) => join(rest.map((one) => one.values[at] ?? null)));
  return [...sorted.slice(0, MAX_SERIES), { name: `${rest.length} others`, values }];
}

/** Each on top of those before it, the topmost first, so that a chart can paint one over the other. */
export function stacked(series: readonly NamedSeries[]): NamedSeries[] {
  const sums: number[] = [];
  const grown = series.map(({ name, values }) => ({
    name,
    values: values.map((value, at) => (sums[at] = (sums[at] ?? 0) + (value ?? 0))),
  }));
  return grown.reverse();
}

/** Starts without holes, so that times without numbers are seen as such; in ms. */
export function evenStarts(starts: readonly string[], interval: StatInterval): number[] {
  const known = starts.map((start) => Date.parse(start));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || interval === 'month') return known;
  const step = { minute: 60_000, hour: HOUR_MS, day: DAY_MS }[interval];
  const even: number[] = [];
  for (let at = first; at <= last && even.length < 20_000; at += step) even.push(at);
  return even;
}

/** Values for `even` starts; what is not stored is 0 where numbers add up, else unknown. */
export function spread(
  { starts, series }: Statistics,
  even: readonly number[],
  metric: Metric,
  nameOf: (series: Statistics['series'][number]) => string,
): NamedSeries[] {
  const places = new Map(starts.map((start, place) => [Date.parse(start), place]));
  const none = isAdded(metric) ? 0 : null;
  return series.map((one) => ({
    name: nameOf(one),
    values: even.map((start) => {
      const place = places.get(start);
      return (place === undefined ? null : (one.values[place] ?? null)) ?? none;
    }),
  }));
}

/** "+20 % against a week before", or why there is none. */
export function trend(now: number, then: number): string {
  if (then === 0) return now === 0 ? 'as a week before: none' : 'none a week before';
  const percent = Math.round(((now - then) / then) * 100);
  return `${percent === 0 ? 'the same as' : `${percent > 0 ? '+' : '−'}${Math.abs(percent)} % against`} a week before`;
}

export const shown = (value: number): string =>
  (Math.round(value * 10) / 10).toLocaleString('en', { maximumFractionDigits: 1 });

export const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
