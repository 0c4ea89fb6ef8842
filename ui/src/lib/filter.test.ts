import { expect, it } from 'vitest';
import { filterOf, fromLocalInput, queryOf, toLocalInput } from './filter';

it('a filter survives the address bar', () => {
  const filter = { camera: 'a&b', class: 'person', from: '2026-01-01T00:00:00.000Z' };
  expect(filterOf(new URLSearchParams(queryOf(filter)))).toEqual(filter);
  expect(queryOf({})).toBe('');
});

it('a local time survives its input', () => {
  const utc = '2026-07-01T10:30:00.000Z';
  expect(fromLocalInput(toLocalInput(utc))).toBe(utc);
  expect(toLocalInput(undefined)).toBe('');
  expect(toLocalInput('rubbish')).toBe('');
  expect(fromLocalInput('')).toBeUndefined();
});
