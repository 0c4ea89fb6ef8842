import { expect, it } from 'vitest';
import { passwordError } from './password';

it.each([
  ['', true],
  ['nine char', true],
  ['ten chars!', false],
  // Characters count, not the units in which they are stored.
  ['😀😀😀😀😀', true],
  ['a long pass phrase', false],
])('%j is refused: %s', (password, isRefused) =>
  expect(passwordError(password) !== undefined).toBe(isRefused),
);
