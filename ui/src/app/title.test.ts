import { expect, it } from 'vitest';
import { titleWith } from './title';

it('the number of unseen alarms stands before the title, once', () => {
  expect(titleWith('Alarms – airelay', 0)).toBe('Alarms – airelay');
  expect(titleWith('Alarms – airelay', 3)).toBe('(3) Alarms – airelay');
  expect(titleWith('(3) Alarms – airelay', 4)).toBe('(4) Alarms – airelay');
  expect(titleWith('(4) Alarms – airelay', 0)).toBe('Alarms – airelay');
  expect(titleWith('(99+) Alarms – airelay', 100)).toBe('(99+) Alarms – airelay');
});
