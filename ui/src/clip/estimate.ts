// How much disk clips need, worked out from what the camera sends at present. Pure.

import type { ClipSettings } from '../api/clips';

/** An alarm of so many seconds stands for a usual one. */
export const USUAL_ALARM_S = 10;

export interface Estimate {
  /** Pictures per second that are kept. */
  fps: number;
  /** Length of the clip of a usual alarm. */
  seconds: number;
  clipBytes: number;
  /** How many of those fit into the camera's room. */
  nClips: number;
}

/** null while the camera sends nothing. */
export function estimateOf(
  settings: ClipSettings,
  sent: { fps: number | null; bit_rate_bps: number | null },
): Estimate | null {
  if (sent.fps === null || sent.bit_rate_bps === null || sent.fps <= 0 || sent.bit_rate_bps <= 0) return null;
  const fps = Math.min(sent.fps, settings.max_fps);
  const seconds = settings.before_s + USUAL_ALARM_S + settings.after_s;
  const clipBytes = (sent.bit_rate_bps / 8 / sent.fps) * fps * seconds;
  return { fps, seconds, clipBytes, nClips: Math.floor((settings.quota_mb * 1e6) / clipBytes) };
}

interface Range {
  min: number;
  max: number;
}

export const RANGES: Record<Exclude<keyof ClipSettings, 'is_on'>, Range> = {
  before_s: { min: 0, max: 30 },
  after_s: { min: 0, max: 60 },
  max_fps: { min: 0.5, max: 30 },
  quota_mb: { min: 50, max: 1_000_000 },
  days: { min: 1, max: 3_650 },
};

export const isWithin = (value: number, { min, max }: Range): boolean => value >= min && value <= max;
