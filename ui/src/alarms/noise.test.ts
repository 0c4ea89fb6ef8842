import { expect, it } from 'vitest';
import type { Noise } from '../api/alarms';
import { trendText } from './noise';

const noise = (n_alarms: number, per_camera_day: number | null): Noise => ({
  n_alarms,
  n_closed: 0,
  n_false: 0,
  false_share: null,
  camera_days: 7,
  per_camera_day,
});

it.each([
  [noise(4, 0.6), noise(0, 0), 'new'],
  [noise(0, 0), noise(4, 0.6), 'silent now'],
  [noise(10, 1), noise(10, 1), 'about the same'],
  [noise(10, 4), noise(10, 2), '▲ 100 % more a day'],
  [noise(5, null), noise(10, 2), '▼ 50 % fewer a day'],
])('%o after %o: %s', (now, before, expected) => expect(trendText(now, before)).toBe(expected));
