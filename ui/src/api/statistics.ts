// What the REST API says about counts of many cameras over long times.

import type { Metric } from './analytics';
import { BASE, call, query } from './client';

/** Adding up a year of many cameras takes part of a second; a busy machine takes longer. */
const LIMIT_MS = 30_000;

export type StatInterval = 'minute' | 'hour' | 'day' | 'month';
export type StatSplit = 'none' | 'camera' | 'rule' | 'class';

export interface StatQuery {
  metric: Metric;
  from: string;
  until: string;
  interval?: StatInterval;
  split?: StatSplit;
  camera?: string[];
  rule?: string[];
  class?: string;
}

export interface StatSeries {
  camera_id: string | null;
  camera_name: string | null;
  rule_id: number | null;
  class: string | null;
  values: (number | null)[];
}

export interface Statistics {
  starts: string[];
  series: StatSeries[];
}

export const getStatistics = (asked: StatQuery) =>
  call<Statistics>('GET', `/statistics${query(asked)}`, undefined, LIMIT_MS);
export const getWeek = async (asked: StatQuery, utc_offset_min: number) => {
  const { metric, from, until, camera, rule } = asked;
  const path = `/statistics/week${query({ metric, from, until, camera, rule, class: asked.class, utc_offset_min })}`;
  return (await call<{ cells: (number | null)[][] }>('GET', path, undefined, LIMIT_MS)).cells;
};
export const statisticsUrl = (asked: StatQuery, format: 'csv' | 'json') =>
  `${BASE}/statistics${query({ ...asked, format })}`;
