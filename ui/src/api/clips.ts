// Clips of alarms: the camera's own pictures from before, during and after. Types of the JSON, and the calls.

import { BASE, call } from './client';
import type { Box } from './types';

export interface ClipTrack {
  id: number;
  class: string;
  score: number;
  bbox: Box;
}

export interface ClipFrame {
  at: string;
  len_bytes: number;
  /** Its boxes are worked out between two pictures that were analysed. */
  is_between: boolean;
  tracks: ClipTrack[];
}

export interface Clip {
  /** open: the alarm goes on for longer than its begin is kept; its end follows. */
  state: 'kept' | 'recording' | 'open' | 'none';
  reason: 'off' | 'never' | 'elsewhere' | 'age' | 'quota' | 'total' | 'lost' | null;
  message: string | null;
  alarm_at: string | null;
  track_id: number | null;
  /** Of an alarm that lasted too long: number of the first picture of its end. */
  end_begins_at: number | null;
  len_bytes: number;
  frames: ClipFrame[];
}

/** What alarms of a camera keep. */
export interface ClipSettings {
  is_on: boolean;
  before_s: number;
  after_s: number;
  max_fps: number;
  quota_mb: number;
  days: number;
}

export interface CameraClipUsage {
  camera_id: string;
  camera_name: string;
  is_on: boolean;
  len_bytes: number;
  quota_bytes: number | null;
  bytes_per_s: number | null;
  fps: number | null;
  n_lost: number;
}

export interface ClipUsage {
  len_bytes: number;
  max_bytes: number;
  free_bytes: number | null;
  trouble: string | null;
  cameras: CameraClipUsage[];
}

const path = (eventId: string) => `/alarms/${encodeURIComponent(eventId)}/clip`;

export const getClip = (eventId: string) => call<Clip>('GET', path(eventId));
export const frameUrl = (eventId: string, number: number) => `${BASE}${path(eventId)}/frames/${number}.jpg`;
export const clipFileUrl = (eventId: string, kind: 'mp4' | 'mkv') => `${BASE}${path(eventId)}.${kind}`;
export const getClipUsage = () => call<ClipUsage>('GET', '/clips');
