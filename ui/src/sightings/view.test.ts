import { expect, it } from 'vitest';
import type { Sighting, SightingShot } from '../api/analytics';
import { judgeView } from './view';

const seen = (shot: Partial<SightingShot> | null, colour: string | null = 'red') =>
  ({
    shot: shot && {
      total: 0.8,
      size: 0.8,
      sharpness: 0.8,
      whole: 0.8,
      confidence: 0.8,
      exposure: 0.8,
      ...shot,
    },
    attributes: colour === null ? [] : [{ name: 'upper_colour', value: colour, likelihood: 0.7 }],
  }) as Sighting;

it('too few shots say nothing', () => {
  expect(judgeView(Array.from({ length: 9 }, (_, n) => seen(n < 4 ? {} : null)))).toBeNull();
});

it('a weak part comes with advice, a good one without', () => {
  const view = judgeView(Array.from({ length: 6 }, () => seen({ total: 0.5, size: 0.2 })));
  expect(view?.verdict).toBe('fair');
  const advised = view?.parts.filter(({ advice }) => advice !== null).map(({ label }) => label);
  expect(advised).toEqual(['Size']);
});

it('those without a colour are counted', () => {
  const view = judgeView(Array.from({ length: 8 }, (_, n) => seen({}, n < 2 ? null : 'red')));
  expect(view).toMatchObject({ verdict: 'good', colourless: 0.25, nShots: 8 });
});
