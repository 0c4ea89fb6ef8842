import { expect, it } from 'vitest';
import { filterOf, queryOf, viewOf, withView } from './filter';

it('a filter survives the address bar', () => {
  const filter = { camera: 'a&b', class: 'person', state: 'new', from: '2026-01-01T00:00:00.000Z' };
  expect(filterOf(new URLSearchParams(queryOf(filter)))).toEqual(filter);
  expect(queryOf({})).toBe('');
});

it('another view keeps what else is asked for', () => {
  const filter = { camera: 'gate', state: 'closed', reason: 'test' };
  expect(viewOf(filter)).toBe('closed');
  expect(withView(filter, 'mine')).toEqual({ camera: 'gate', assignee: 'me' });
  expect(withView(filter, 'open')).toEqual({ camera: 'gate' });
  expect(viewOf({ camera: 'gate' })).toBe('open');
  expect(viewOf({ state: 'assigned' })).toBeNull();
});
