import { expect, it } from 'vitest';
import { Rate } from './rate';

it('measures five frames a second and forgets old ones', () => {
  const rate = new Rate();
  expect(rate.fps(0)).toBeNull();
  for (let index = 0; index <= 20; index += 1) rate.record(index * 200);
  expect(rate.fps(4000)).toBeCloseTo(5);
  expect(rate.fps(60_000)).toBeNull();
});
