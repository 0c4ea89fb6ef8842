import { expect, it } from 'vitest';
import type { Node } from '../api/nodes';
import { lagWords, programWords } from './words';

const node = (more: Partial<Node>): Node => ({
  id: 'x',
  name: 'x',
  is_own: false,
  is_enabled: true,
  address: null,
  state: 'following',
  error: null,
  notice: null,
  version: null,
  heard_at: null,
  lag_s: 0,
  n_behind: 0,
  has_history_left: false,
  cameras: [],
  ...more,
});

it.each([
  [{ is_own: true, lag_s: null }, 'none'],
  [{ lag_s: null }, 'not known yet'],
  [{ lag_s: null, is_enabled: false }, '–'],
  [{ lag_s: 0 }, 'none'],
  [{ lag_s: 61, n_behind: 3 }, '1 min 1 s, 3 changes to fetch'],
])('lag of %j is %s', (more, words) => expect(lagWords(node(more))).toBe(words));

it.each([
  [{ program: 'vmd', n_parts: 1 }, 'AI-VMD: 1 rule', '1'],
  [{ program: 'vmd', n_parts: 3 }, 'AI-VMD: 3 rules', '3'],
  [{ program: 'people', n_parts: 0 }, 'AI People Detection', ''],
  [{ program: 'extension', n_parts: 2 }, 'Installed programs: 2 programs', '2'],
  [{ program: 'from_the_future', n_parts: 1 }, 'Installed programs', '1'],
])('program %j is called %s', (program, label, count) =>
  expect(programWords(program)).toMatchObject({ label, count }),
);
