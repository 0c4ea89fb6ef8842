// Size limits with depth: one or two reference sizes, interpolated between and beyond. Pure.

import type { SizeLimit } from '../api/analytics';

export interface Size {
  width: number;
  height: number;
}

export type SizeRole = 'min_size' | 'max_size';
/** Smallest and largest part of the picture that a limit may name. */
const BOUNDS: [number, number] = [0.002, 1];

const bound = (value: number) => Math.min(BOUNDS[1], Math.max(BOUNDS[0], value));

/** The limit where feet stand at height `y`; beyond the references it goes on in a straight line. */
export function sizeAt(limit: SizeLimit, y: number): Size {
  const [far, near] = [...limit.at].sort((a, b) => a.y - b.y);
  if (far === undefined) return { width: 0, height: 0 };
  if (near === undefined || near.y === far.y) return { width: far.width, height: far.height };
  const part = (y - far.y) / (near.y - far.y);
  return {
    width: bound(far.width + (near.width - far.width) * part),
    height: bound(far.height + (near.height - far.height) * part),
  };
}

/** A start that fits people seen by an ordinary camera; to be dragged to the truth. */
export function startLimit(role: SizeRole): SizeLimit {
  const factor = role === 'min_size' ? 1 : 4;
  return {
    at: [
      { y: 0.5, width: round(0.025 * factor), height: round(0.08 * factor) },
      { y: 0.95, width: round(0.06 * factor), height: round(0.2 * factor) },
    ],
  };
}

const round = (value: number) => Math.round(value * 10_000) / 10_000;

/** One reference changed; its box stays in the picture. */
export function withReference(
  limit: SizeLimit,
  index: number,
  change: Partial<SizeLimit['at'][number]>,
): SizeLimit {
  return {
    at: limit.at.map((reference, at) => {
      if (at !== index) return reference;
      const next = { ...reference, ...change };
      return {
        y: round(Math.min(1, Math.max(0.02, next.y))),
        width: round(bound(next.width)),
        height: round(bound(next.height)),
      };
    }),
  };
}

/** Where the smallest may be larger than the largest: at a reference of either. */
export function sizesContradict(min: SizeLimit | null, max: SizeLimit | null): boolean {
  if (min === null || max === null) return false;
  return [...min.at, ...max.at].some(({ y }) => {
    const [low, high] = [sizeAt(min, y), sizeAt(max, y)];
    return low.width > high.width || low.height > high.height;
  });
}
