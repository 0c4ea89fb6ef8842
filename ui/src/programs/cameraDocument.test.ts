import { expect, it } from 'vitest';
import type { Camera } from '../api/types';
import { documentOf } from './cameraDocument';

const camera = {
  id: 'gate',
  link: { host: 'h', has_password: true },
  revision: 3,
  status: { state: 'off' },
} as unknown as Camera;

it('goes back without its status and without a word about the password', () => {
  expect(documentOf(camera, { name: 'Gate' })).toEqual({
    id: 'gate',
    name: 'Gate',
    link: { host: 'h' },
    revision: 3,
  });
});

it('the error of a calibration is not sent back', () => {
  expect(documentOf({ ...camera, ground: { points: [], error_m: 0.2 } }, {}).ground).toEqual({ points: [] });
});

it('the last line removed is said, none from the start is not', () => {
  const line = { id: 1, name: 'Kerb', points: [] };
  expect(documentOf({ ...camera, lines: [line] }, { lines: [] }).lines).toEqual([]);
  expect(documentOf(camera, { lines: [] })).not.toHaveProperty('lines');
});
