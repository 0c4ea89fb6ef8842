// "Is my view good enough?": what the last best shots of a camera say about how it looks. Pure.

import type { Sighting, SightingShot } from '../api/analytics';

/** Fewer shots say nothing yet. */
export const MIN_SHOTS = 5;
const GOOD = 0.65;
const FAIR = 0.45;

type Part = 'size' | 'sharpness' | 'whole' | 'confidence' | 'exposure';

export const PARTS: { part: Part; label: string; advice: string }[] = [
  { part: 'size', label: 'Size', advice: 'Objects are small: zoom in, or hang the camera nearer.' },
  {
    part: 'sharpness',
    label: 'Sharpness',
    advice: 'Pictures are soft: check the focus, clean the lens, or shorten the exposure time.',
  },
  {
    part: 'whole',
    label: 'Whole in the picture',
    advice: 'Objects are cut off: turn the camera or zoom out.',
  },
  {
    part: 'confidence',
    label: 'Recognised',
    advice: 'They are hard to recognise: look less steeply from above.',
  },
  {
    part: 'exposure',
    label: 'Exposure',
    advice: 'Too dark, too bright or against the light: change the exposure.',
  },
];

export interface View {
  nShots: number;
  total: number;
  verdict: 'good' | 'fair' | 'poor';
  parts: { label: string; value: number; advice: string | null }[];
  /** Share of those seen of whom no colour could be told. */
  colourless: number;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** null while there are too few shots. */
export function judgeView(sightings: readonly Sighting[]): View | null {
  const shots = sightings.flatMap(({ shot }): SightingShot[] => (shot === null ? [] : [shot]));
  if (shots.length < MIN_SHOTS) return null;
  const total = mean(shots.map((shot) => shot.total));
  return {
    nShots: shots.length,
    total,
    verdict: total >= GOOD ? 'good' : total >= FAIR ? 'fair' : 'poor',
    parts: PARTS.map(({ part, label, advice }) => {
      const value = mean(shots.map((shot) => shot[part]));
      return { label, value, advice: value < FAIR ? advice : null };
    }),
    colourless:
      sightings.filter(({ attributes }) => !attributes.some(({ name }) => name.endsWith('_colour'))).length /
      sightings.length,
  };
}
