// How a rule's noise compares with the week before. Pure.

import type { Noise } from '../api/alarms';

/** By camera-days, so that a camera that was off does not look quiet; "twice as many a day". */
export function trendText(now: Noise, before: Noise): string {
  if (before.n_alarms === 0) return now.n_alarms === 0 ? '' : 'new';
  if (now.n_alarms === 0) return 'silent now';
  const [a, b] = [now.per_camera_day, before.per_camera_day];
  const ratio = a !== null && b !== null && b > 0 ? a / b : now.n_alarms / before.n_alarms;
  if (ratio > 0.9 && ratio < 1.1) return 'about the same';
  const change = Math.round(Math.abs(ratio - 1) * 100);
  return ratio > 1 ? `▲ ${change} % more a day` : `▼ ${change} % fewer a day`;
}
