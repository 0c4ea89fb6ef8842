// What the REST API says about lines, rules, programs, schedules, sightings, counts and software.
//
// Like `types.ts`: field names of the JSON, times in UTC, coordinates 0..=1 from the top-left corner.

import type { Severity } from './alarms';
import type { ExtensionSettings } from './software';
import type { DetectorLive, StateSettings } from './states';

export type * from './counts';

import type { Box, Mask, ObjectClass, RelayEvent, Shape } from './types';

/** An open polyline; "left" and "right" as seen walking from its first point to its last. */
export type CameraLine = Shape;

/** Objects of these classes whose anchor lies inside are ignored; other classes are not. */
export interface ClassMask extends Mask {
  classes: ObjectClass[];
}

/** Four places on the ground, each in the picture and in metres. */
export interface Ground {
  points: { x: number; y: number; east_m: number; north_m: number }[];
  /** How far a place within the four points may be off; only in replies. */
  error_m?: number | null;
}

export type RuleKind =
  | 'intruder'
  | 'loitering'
  | 'direction'
  | 'wrong_way'
  | 'u_turn'
  | 'cross_line'
  | 'enter'
  | 'exit'
  | 'stopped'
  | 'object_left'
  | 'object_removed'
  | 'count_over_limit'
  | 'zone_sequence'
  | 'picture_problem'
  | 'signal_lost';

export type Anchor = 'foot' | 'centre' | 'whole_box' | 'overlap';
export type Ways = 'both' | 'left_to_right' | 'right_to_left';
export type PictureProblem = 'covered' | 'defocused' | 'turned' | 'too_dark' | 'too_bright';

export type HealthWish = 'any' | 'marked' | 'healthy';
/** null threshold: the one that the sensitivity gives. */
export type ClassChoice = Partial<Record<ObjectClass, { threshold: number | null } | null>>;

/** How large an object is where its feet are at height `y`; one place, or two with depth between. */
export interface SizeLimit {
  at: { y: number; width: number; height: number }[];
}

/** As the API sends and takes it: every field that a kind does not use may be missing. */
export interface RuleInput {
  id: number;
  name: string;
  kind: RuleKind;
  is_enabled?: boolean;
  zone_id?: number | null;
  line_id?: number | null;
  to_zone_id?: number | null;
  /** The short form is the list of chosen classes. */
  classes?: ClassChoice | ObjectClass[];
  sensitivity?: number;
  anchor?: Anchor;
  overlap?: number;
  min_size?: SizeLimit | null;
  max_size?: SizeLimit | null;
  /** In the place of the sensitivity's. */
  min_score?: number | null;
  hold_score?: number | null;
  /** Width over height. */
  min_aspect?: number | null;
  max_aspect?: number | null;
  /** Only where the ground is calibrated. */
  min_speed_kmh?: number | null;
  max_speed_kmh?: number | null;
  ignores_stationary?: boolean;
  ignores_parked?: boolean | null;
  grace_s?: number;
  cool_down_s?: number;
  schedule_id?: string | null;
  /** How grave its alarms are; as usual for its kind when absent. */
  severity?: Severity | null;
  /** What the rule does while the scene is not healthy. */
  health?: HealthWish;
  dwell_s?: number;
  stay_s?: number;
  is_in_total?: boolean;
  heading_deg?: number;
  tolerance_deg?: number;
  min_travel?: number;
  ways?: Ways;
  still_s?: number;
  limit?: number;
  for_s?: number;
  wait_s?: number;
  within_s?: number;
  problems?: PictureProblem[];
  after_s?: number;
}

export interface Site {
  lines?: CameraLine[];
  object_masks?: ClassMask[];
  ground?: Ground | null;
  programs?: Programs;
}

export interface ProgramSettings {
  is_enabled: boolean;
  schedule_id: string | null;
}

export interface SightingSettings extends ProgramSettings {
  /** Empty: the whole picture. */
  zone_ids: number[];
  min_height_px: number;
  attributes: boolean;
  /** Attributes of installed models that are told as well. */
  further: string[];
  /** How long somebody is remembered when different visitors are counted. */
  visitors_window_s: number;
}

export interface OccupancyArea {
  id: number;
  name: string;
  zone_id: number;
  classes: ClassChoice | ObjectClass[];
  sensitivity?: number;
  warning: number | null;
  threshold: number;
  rise_s: number;
  fall_s: number;
  hysteresis: number;
  /** Added by hand to those who are seen. */
  offset?: number;
  /** Under which its numbers are stored; only in replies. */
  rule_id?: number;
}

export interface OccupancySettings extends ProgramSettings {
  interval_s: number;
  areas: OccupancyArea[];
  /** Lines whose way from left to right leads in. */
  in_line_ids: number[];
}

export interface Counter {
  id: number;
  name: string;
  line_id: number;
  classes: ClassChoice | ObjectClass[];
  /** Local times "HH:MM" at which the count starts again from zero. */
  resets: string[];
  /** IANA name, for the resets; UTC when absent. */
  time_zone?: string;
  interval_s: number;
  /** Under which its numbers are stored; only in replies. */
  rule_id?: number;
}

export interface Programs {
  vmd: ProgramSettings;
  people: SightingSettings;
  vehicle: SightingSettings;
  occupancy: OccupancySettings;
  state: StateSettings;
  counters: Counter[];
  /** Settings of installed programs by their names. */
  extensions?: Record<string, ExtensionSettings>;
}

export type ProgramName = 'vmd' | 'people' | 'vehicle' | 'occupancy' | 'state';

export interface Cost {
  ms_per_second_now: number;
  ms_per_second_then: number;
  budget_ms_per_second: number;
  is_refused: boolean;
  text: string;
}

/** "HH:MM", "24:00", "sunrise+30" or "sunset-15". */
export interface Span {
  from: string;
  until: string;
}

export interface DayException {
  date: string;
  name: string;
  spans: Span[];
}

export interface ScheduleInput {
  name: string;
  time_zone: string;
  latitude: number | null;
  longitude: number | null;
  /** Monday first. */
  week: Span[][];
  exceptions: DayException[];
}

export interface Schedule extends ScheduleInput {
  id: string;
  revision: number;
  is_on?: boolean;
  next_change_at?: string | null;
}

export interface SchedulePreview {
  is_on: boolean;
  next_change_at: string | null;
  /** The coming seven days, today first, in minutes of each day. */
  week: { from_min: number; until_min: number }[][];
}

export type ProgramStatus = 'operable' | 'stopped' | 'off_by_schedule' | 'waiting_for_video' | 'faulted';

export type Level = 'normal' | 'warning' | 'over';

export interface Lamp {
  rule_id: number;
  name: string;
  kind: string;
  /** What caused the newest event. */
  class: string | null;
  zone_id: number | null;
  is_active: boolean;
  since: string | null;
}

export interface ProgramsLive {
  captured_at: string;
  /** Rules and areas that raised an event since the start. */
  alarms: Lamp[];
  zones: {
    zone_id: number;
    present: Partial<Record<ObjectClass, number>>;
    level: Level | null;
    /** Who is there longest, where occupancy watches. */
    longest_stay_s?: number | null;
  }[];
  /** One for each counter. */
  lines: {
    line_id: number;
    rule_id?: number;
    /** As corrected; the next two say by how much. */
    in: number;
    out: number;
    in_by_hand?: number;
    out_by_hand?: number;
    since: string | null;
  }[];
  unique_people: number | null;
  unique_vehicles: number | null;
  problems: PictureProblem[];
  /** Learnt states, where they run. */
  states?: DetectorLive[];
  programs: { program: string; status: ProgramStatus; status_text: string; ms_per_frame: number | null }[];
}

export interface WhyGate {
  name: string;
  is_passed: boolean;
  text: string;
}

export interface WhyRule {
  rule_id: number;
  rule_name: string;
  kind: string;
  zone_name: string | null;
  is_active?: boolean;
  gates: WhyGate[];
  objects: { track_id: number; class: string; bbox: Box; gates: WhyGate[] }[];
}

export interface WhyAnswer {
  /** The scene that was looked at; null when none near is kept. */
  at: string | null;
  rules: WhyRule[];
}

export interface TryAnswer {
  n_scenes: number;
  covered: { from: string; until: string }[];
  present: { n_events: number; events: RelayEvent[] };
  draft: { n_events: number; events: RelayEvent[] };
  /** Positions in `present.events` and `draft.events`. */
  only_present: number[];
  only_draft: number[];
}

export interface Attribute {
  name: string;
  value: string;
  likelihood: number;
}

/** The best shot; its quality and the parts of it, each 0..=1. */
export interface SightingShot {
  url: string;
  width_px: number;
  height_px: number;
  total: number;
  size: number;
  sharpness: number;
  whole: number;
  confidence: number;
  exposure: number;
}

export interface Sighting {
  id: number;
  camera_id: string;
  camera_name: string;
  program: 'people' | 'vehicle';
  track_id: number;
  class: string;
  score: number;
  first_seen_at: string;
  last_seen_at: string;
  is_final: boolean;
  heading_deg: number | null;
  speed_mps: number | null;
  zones: string[];
  lines: string[];
  attributes: Attribute[];
  shot: SightingShot | null;
}

export interface SightingFilter {
  camera?: string;
  program?: string;
  class?: string;
  from?: string;
  until?: string;
  attribute?: string[];
  before?: string;
  limit?: number;
}
