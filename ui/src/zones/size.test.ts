import { describe, expect, it } from 'vitest';
import type { SizeLimit } from '../api/analytics';
import { sizeAt, sizesContradict, startLimit, withReference } from './size';

const near = { y: 0.9, width: 0.1, height: 0.3 };
const far = { y: 0.5, width: 0.02, height: 0.1 };
const deep: SizeLimit = { at: [near, far] };

describe('sizeAt', () => {
  it('is the reference at a reference, whatever their order', () => {
    expect(sizeAt(deep, 0.9)).toEqual({ width: 0.1, height: 0.3 });
    expect(sizeAt(deep, 0.5)).toEqual({ width: 0.02, height: 0.1 });
  });
  it('lies between in between', () => {
    const { width, height } = sizeAt(deep, 0.7);
    expect(width).toBeCloseTo(0.06);
    expect(height).toBeCloseTo(0.2);
  });
  it('goes on beyond, and never below nothing nor above the picture', () => {
    expect(sizeAt(deep, 1).height).toBeCloseTo(0.35);
    expect(sizeAt(deep, 0)).toEqual({ width: 0.002, height: 0.002 });
    expect(sizeAt({ at: [far, { y: 0.6, width: 1, height: 1 }] }, 1).height).toBe(1);
  });
  it('with one reference is the same everywhere', () => {
    expect(sizeAt({ at: [near] }, 0.1)).toEqual({ width: 0.1, height: 0.3 });
  });
});

it('a reference is kept inside the picture', () => {
  const { at } = withReference(deep, 0, { y: 1.4, width: -1, height: 7 });
  expect(at).toEqual([{ y: 1, width: 0.002, height: 1 }, far]);
});

it('sizes contradict where the smallest is larger, also at the other one’s reference', () => {
  expect(sizesContradict(startLimit('min_size'), startLimit('max_size'))).toBe(false);
  expect(sizesContradict(deep, { at: [{ y: 0.5, width: 0.05, height: 0.2 }] })).toBe(true);
  expect(sizesContradict(deep, null)).toBe(false);
});
