import { expect, it } from 'vitest';
import { fromLocalInput, toLocalInput } from './localTime';

it('a local time survives its input', () => {
  const utc = '2026-07-01T10:30:00.000Z';
  expect(fromLocalInput(toLocalInput(utc))).toBe(utc);
  expect(toLocalInput(undefined)).toBe('');
  expect(toLocalInput('rubbish')).toBe('');
  expect(fromLocalInput('')).toBeUndefined();
});
