import { expect, it } from 'vitest';
import { alarmText, lampsOf } from './lamps';

it.each([
  ['INTRUDER - PERSON', 'intruder', 'person'],
  ['CROSS LINE - VEHICLE', 'cross_line', 'truck'],
  ['OCCUPANCY', 'occupancy', null],
  ['SIGNAL LOST', 'signal_lost', null],
])('%s', (text, kind, name) => expect(alarmText({ kind, class: name })).toBe(text));

it('rules that never fired have a dark lamp, those switched off have none', () => {
  const told = {
    rule_id: 20_001,
    name: 'Hall',
    kind: 'occupancy',
    class: null,
    zone_id: 1,
    is_active: true,
    since: '2026-11-22T12:00:00Z',
  };
  const lamps = lampsOf(
    [
      { id: 1, name: 'Yard', kind: 'intruder' },
      { id: 2, name: 'Off', kind: 'intruder', is_enabled: false },
    ],
    [told],
  );
  expect(lamps.map(({ name, is_active }) => [name, is_active])).toEqual([
    ['Yard', false],
    ['Hall', true],
  ]);
});
