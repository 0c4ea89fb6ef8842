// How healthy a scene is: words, and its plot over time. Pure.

import type { HealthPart, HealthParts, SceneHealth } from '../api/analytics';

export const PARTS: { part: HealthPart; label: string; bad: string; text: string }[] = [
  {
    part: 'sharpness',
    label: 'Sharpness',
    bad: 'blurred',
    text: 'Against what the view had in the last minutes.',
  },
  {
    part: 'contrast',
    label: 'Contrast',
    bad: 'without contrast',
    text: 'Fog, steam or a dirty lens take it.',
  },
  { part: 'exposure', label: 'Exposure', bad: 'badly exposed', text: 'Not too much is black or white.' },
  { part: 'steadiness', label: 'Steadiness', bad: 'shaking', text: 'The camera does not sway.' },
  {
    part: 'calm',
    label: 'Calm',
    bad: 'restless',
    text: 'No rain, snow, insects, leaves or noise flicker.',
  },
];

/** "blurred"; for parts that this page does not know, their own name. */
export const healthWord = (name: string): string => PARTS.find(({ part }) => part === name)?.bad ?? name;

export const worstOf = (parts: HealthParts): number => Math.min(...PARTS.map(({ part }) => parts[part]));

/** So that a line along the border is seen. */
const MARGIN = 3;
export const yOf = (value: number, height: number): number => MARGIN + (1 - value) * (height - 2 * MARGIN);

/** Points of a line over `width` x `height`, cut where minutes are missing. */
export function plot(
  minutes: SceneHealth['minutes'],
  valueOf: (parts: HealthParts) => number,
  span: { fromMs: number; untilMs: number; stepS: number },
  size: { width: number; height: number },
): string {
  let path = '';
  let before: number | null = null;
  for (const minute of minutes) {
    const at = Date.parse(minute.at);
    const x = ((at - span.fromMs) / (span.untilMs - span.fromMs)) * size.width;
    const y = yOf(valueOf(minute.mean), size.height).toFixed(1);
    const isNext = before !== null && at - before <= span.stepS * 1500;
    // A minute that stands alone is a dot.
    path += isNext ? `L${x.toFixed(1)} ${y}` : `M${x.toFixed(1)} ${y}h0.1`;
    before = at;
  }
  return path;
}
