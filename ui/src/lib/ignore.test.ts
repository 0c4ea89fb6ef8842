import { expect, it } from 'vitest';
import { ignoring } from './ignore';

it('the mask is the middle half of the box, for that class, with a number of its own', () => {
  const first = ignoring([], [0.2, 0.4, 0.4, 0.8], 'car');
  expect(first).toHaveLength(1);
  expect(first[0]).toMatchObject({ id: 1, name: 'Ignored car', classes: ['car'] });
  const round = first[0]?.points.map(([x, y]) => [x.toFixed(2), y.toFixed(2)].join(' '));
  expect(round).toEqual(['0.25 0.50', '0.35 0.50', '0.35 0.70', '0.25 0.70']);
  const second = ignoring(first, [0, 0, 1, 1], 'person');
  expect(second.map(({ id }) => id)).toEqual([1, 2]);
});
