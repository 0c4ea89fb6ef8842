// What the relay's REST API under /api/v1 sends and takes.
//
// Field names are those of the JSON. Times are RFC 3339 text in UTC. Ids of cameras, events and
// webhooks are text; those of zones, masks, rules (from 1 within a camera) and tracks are numbers. Coordinates are 0..=1 of the picture from its top-left corner.
//
// Not here: rules, programs, schedules, counts and software (`analytics.ts`), how pages hold drafts (`lib/link.ts`, `zones/draft.ts`).

import type { RuleInput, Site } from './analytics';
import type { ClipSettings } from './clips';

/** [x, y], each 0..=1. */
export type Point = [number, number];
/** [x1, y1, x2, y2], each 0..=1. */
export type Box = [number, number, number, number];

export interface User {
  name: string;
  role: string;
}

export interface Session {
  setup_required: boolean;
  user: User | null;
  csrf_token: string;
  version: string;
}

export type Role = 'administrator' | 'operator' | 'viewer';

/** An account for these pages. */
export interface Account {
  id: number;
  name: string;
  role: Role;
  is_enabled: boolean;
  created_at: string;
}

export type Protocol = 'http' | 'https';
export type Mode = 'automatic' | 'stream' | 'one_shot';

/** How the relay reaches a linked camera, as the API sends it. */
export interface Link {
  protocol: Protocol;
  host: string;
  port: number | null;
  path: string;
  user: string;
  has_password: boolean;
  mode: Mode;
  channel: number;
  fingerprint: string | null;
  one_shot_fps: number;
}

/** As the API takes it. `password`: absent = keep, "" = remove, text = set. */
export interface LinkInput extends Omit<Link, 'has_password'> {
  password?: string;
}

export interface Shape {
  id: number;
  name: string;
  points: Point[];
}

/** A place where something is ignored; one that is off stays drawn. */
export interface Mask extends Shape {
  is_enabled: boolean;
}

export type ObjectClass = 'person' | 'bicycle' | 'car' | 'motorcycle' | 'bus' | 'truck';

export interface Advice {
  code: string;
  message: string;
}

/** `meaning`: one plain sentence; `message`: what was tried and what came back; `advice`: what to do. */
export interface Cause extends Advice {
  meaning: string;
  advice: string;
}

export type CameraState = 'off' | 'connecting' | 'receiving' | 'waiting' | 'failed';

export interface CameraStatus {
  state: CameraState;
  cause: Cause | null;
  retry_in_s: number | null;
  url: string;
  resolution: { width_px: number; height_px: number } | null;
  fps: number | null;
  bit_rate_bps: number | null;
  frame_age_s: number | null;
  mode_in_use: Mode | null;
  http_status: number | null;
  auth_scheme: string | null;
  certificate_sha256: string | null;
  analysed_fps: number | null;
  dropped: number;
  decode_errors: number;
  detect_errors: number;
  reconnects: number;
  is_motion: boolean;
  tracks: number;
  advice: Advice[];
}

export interface CameraSettings extends Site {
  id: string;
  name: string;
  is_enabled: boolean;
  link: Link;
  zones: Shape[];
  masks: Mask[];
  rules: RuleInput[];
  motion_sensitivity: number;
  /** Streams and pictures are also given in the form of i-PRO cameras. */
  has_ipro_output: boolean;
  /** What alarms keep of its pictures. */
  clips: ClipSettings;
  revision: number;
}

export interface Camera extends CameraSettings {
  status: CameraStatus;
  /** The newest event on it. */
  last_event: RelayEvent | null;
  /** The airelay that pulls it, where it is not this one: it is changed only there. */
  relayed_by: { id: string; name: string } | null;
}

export interface CameraInput extends Omit<CameraSettings, 'link'> {
  link: LinkInput;
}

export interface LinkTest {
  status: CameraStatus;
  image: string | null;
}

export interface Preset {
  id: string;
  vendor: string;
  label: string;
  mode: Mode;
  resolutions: [number, number][];
  has_stream: boolean;
  has_channel: boolean;
  has_fps: boolean;
  note: string;
}

export interface PresetInput {
  width_px: number;
  height_px: number;
  fps: number;
  stream: number;
  channel: number;
}

export type Phase = 'begin' | 'update' | 'end';

export interface Gate {
  gate: string;
  passed: boolean;
  text: string;
}

export interface Shot {
  /** By which it can be searched for. */
  id?: number;
  url: string;
  stage: 'early' | 'final';
  width_px: number;
  height_px: number;
  quality: {
    size: number;
    sharpness: number;
    whole: number;
    confidence: number;
    exposure: number;
    total: number;
  };
}

export interface RelayEvent {
  id: string;
  camera_id: string;
  camera_name: string;
  program: string;
  rule_id: number;
  rule_name: string;
  kind: string;
  zone_id: number | null;
  zone_name: string | null;
  line_id?: number | null;
  line_name?: string | null;
  crossing?: 'left_to_right' | 'right_to_left' | null;
  /** Degrees clockwise from up in the picture. */
  heading_deg?: number | null;
  /** How many, for limits and occupancy. */
  count?: number | null;
  problem?: string | null;
  /** What was wrong with the scene when it began, where its rule marks that. */
  doubt?: string | null;
  detector_id?: number | null;
  detector_name?: string | null;
  /** Of a learnt state. */
  state_name?: string | null;
  /** Who was recognised, by which watch list. */
  watch?: { list_id: number; example_id: number; similarity: number; sighting_id: number } | null;
  phase: Phase;
  started_at: string;
  ended_at: string | null;
  at: string;
  track_id: number | null;
  class: string | null;
  score: number;
  bbox: Box | null;
  why: Gate[];
  shot: Shot | null;
}

/** One step of an event as it was decided then; the rest of its fields are the event's own. */
export interface EventStep {
  step: number;
  phase: Phase;
  at: string;
  class: string | null;
  score: number;
  bbox: Box | null;
  why: Gate[];
}

export interface RelayEventDetail extends RelayEvent {
  steps: EventStep[];
}

export interface EventFilter {
  camera?: string;
  kind?: string;
  class?: string;
  from?: string;
  until?: string;
  before?: string;
  limit?: number;
}

export interface EventPage {
  events: RelayEvent[];
  next_before: string | null;
}

export interface SystemInfo {
  version: string;
  started_at: string;
  detector: null | {
    name: string;
    backend: string;
    file_bytes: number;
    input: [number, number];
    licence: string;
  };
  is_motion_only: boolean;
  /** Why there is no detector, or why a slower engine runs it. */
  detector_note: string | null;
  workers: number;
  store: {
    size_bytes: number;
    free_bytes: number | null;
    events: number;
    /** Steps of events that wait in memory until they can be stored. */
    waiting_events: number;
    /** Steps of events lost because nothing could be stored for too long. */
    lost_events: number;
    /** Pictures given up meanwhile, so that events can wait. */
    lost_pictures: number;
    /** Why events cannot be stored at present. */
    error: string | null;
  };
  is_demo: boolean;
}

/** A detector that can be chosen. */
export interface Model {
  name: string;
  title: string;
  licence: string;
  is_chosen: boolean;
}

export interface ModelList {
  models: Model[];
  /** Manifest named in the settings file: nothing can be chosen then. */
  fixed: string | null;
  /** Models that describe what objects look like. */
  looks: LooksModel[];
}

/** Vectors to find an object again, or attributes in words. */
export interface LooksModel {
  name: string;
  kind: 'embedding' | 'attributes';
  licence: string;
  classes: ObjectClass[];
  attributes: { name: string; is_sensitive: boolean }[];
  is_used: boolean;
  /** Why it cannot be used. */
  problem: string | null;
}

/** A change of settings or accounts: the parts that differ. */
export interface AuditEntry {
  id: number;
  at: string;
  who: string;
  what: string;
  before: unknown;
  after: unknown;
}

export interface AuditPage {
  entries: AuditEntry[];
  next_before: number | null;
}

export interface LiveTrack {
  id: number;
  class: string;
  score: number;
  state: 'tentative' | 'confirmed' | 'lost' | 'ended';
  bbox: Box;
  is_stationary: boolean;
}

/** The JSON part of one record of the live stream. */
export interface LiveScene {
  seq: number;
  captured_at: string;
  tracks: LiveTrack[];
  motion: Box[];
  active_zones: number[];
}
