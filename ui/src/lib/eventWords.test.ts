import { expect, it } from 'vitest';
import { eventFacts, eventTitle } from './eventWords';

it.each([
  ['Person · Yard', { kind: 'intruder', class: 'person', zone_name: 'Yard' }],
  [
    'Car · Gate B → A',
    { kind: 'cross_line', class: 'car', line_name: 'Gate', crossing: 'right_to_left' as const },
  ],
  ['12 in Hall', { kind: 'occupancy', class: null, zone_name: 'Hall', count: 12 }],
  [
    'Too many · Hall',
    { kind: 'count_over_limit', class: null, zone_name: 'Hall', count: 0, phase: 'end' as const },
  ],
  ['0 in the picture', { kind: 'count_over_limit', class: null, count: 0 }],
  ['Picture out of focus', { kind: 'picture_problem', class: null, problem: 'defocused' }],
  ['No picture', { kind: 'signal_lost', class: null }],
  ['Object left · Hall', { kind: 'object_left', class: null, zone_name: 'Hall' }],
  ['Something moving', { kind: 'motion_of_old', class: null }],
])('%s', (title, event) => expect(eventTitle(event)).toBe(title));

it('facts name only what the alarm has', () => {
  expect(eventFacts({ kind: 'wrong_way', class: 'car', zone_name: 'Road', heading_deg: 93 })).toEqual([
    ['Zone', 'Road'],
    ['Direction', 'right (93°)'],
  ]);
  expect(eventFacts({ kind: 'intruder', class: 'person', heading_deg: null, count: null })).toEqual([]);
});
