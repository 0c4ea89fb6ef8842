// What the REST API says in numbers over time: counts and their corrections, heat, health of scenes, scores.
//
// Part of `analytics.ts`, which gives all of it on.

import type { ObjectClass } from './types';

export type Metric =
  | 'in'
  | 'out'
  | 'mean'
  | 'peak'
  | 'p95'
  | 'unique'
  /** Of an area: stays that ended, their seconds together, and of the longest. */
  | 'stays'
  | 'stay_sum'
  | 'stay_max'
  /** What people corrected, beside what was counted. */
  | 'in_by_hand'
  | 'out_by_hand'
  /** Of an area: how many of those told as present were added by hand. */
  | 'offset';
export type Interval = 'minute' | 'hour' | 'day';

export interface CountRow {
  rule_id: number;
  metric: Metric;
  class: string | null;
  from: string;
  until: string;
  value: number;
}

/** Objects of a zone by their best score: 100 numbers by class, each for one hundredth. */
export interface Scores {
  days: number;
  since: string | null;
  classes: Partial<Record<ObjectClass, number[]>>;
}

/** What somebody counted: `by` for a counter, `n_inside` for in minus out. */
export interface Correction {
  rule_id: number;
  way?: 'in' | 'out';
  by?: number;
  at?: string;
  n_inside?: number;
  note?: string;
}

export interface Corrected {
  before: number;
  after: number;
}

export interface HeatMap {
  width: number;
  height: number;
  values: number[];
  unit: string;
}

export type HealthPart = 'sharpness' | 'contrast' | 'exposure' | 'steadiness' | 'calm';

/** How well the scene can be seen, each 0..=1. */
export type HealthParts = Record<HealthPart, number>;

export interface SceneHealth {
  /** null while that is not known. */
  now: HealthParts | null;
  /** What is wrong now, in words; null while the scene is healthy. */
  complaint: string | null;
  /** Parts below this make a scene unhealthy. */
  limit: number;
  /** Oldest first; minutes without pictures are left out. `step_s` is how long each stands for. */
  step_s: number;
  minutes: { at: string; mean: HealthParts; lowest: HealthParts }[];
}
