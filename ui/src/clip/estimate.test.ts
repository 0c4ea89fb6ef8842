import { describe, expect, it } from 'vitest';
import { estimateOf, isWithin, RANGES } from './estimate';

const settings = { is_on: true, before_s: 5, after_s: 10, max_fps: 10, quota_mb: 2_000, days: 30 };

describe('disk that clips need', () => {
  it('goes by the pictures that are kept', () => {
    // 100 kB a picture, 20 a second, of which 10 are kept for 25 s.
    const found = estimateOf(settings, { fps: 20, bit_rate_bps: 16e6 });
    expect(found).toEqual({ fps: 10, seconds: 25, clipBytes: 25e6, nClips: 80 });
    expect(estimateOf(settings, { fps: 5, bit_rate_bps: 4e6 })?.clipBytes).toBe(12.5e6);
  });

  it('is not known while the camera sends nothing', () => {
    expect(estimateOf(settings, { fps: 0, bit_rate_bps: 0 })).toBeNull();
  });

  it('numbers that are no numbers are out of range', () => {
    expect(isWithin(Number.NaN, RANGES.days)).toBe(false);
    expect(isWithin(30, RANGES.before_s)).toBe(true);
  });
});
