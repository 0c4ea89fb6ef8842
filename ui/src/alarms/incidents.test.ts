import { describe, expect, it } from 'vitest';
import type { Alarm, Handling, Incident } from '../api/alarms';
import * as lists from './incidents';

const handling = (edit: Partial<Handling>): Handling => ({
  incident_id: '01A',
  severity: 'medium',
  state: 'new',
  assignee: null,
  reason: null,
  revision: 0,
  n_notes: 0,
  changed_at: '2026-01-01T00:00:00Z',
  is_quiet: false,
  ...edit,
});

function alarm(id: string, edit: Partial<Handling> = {}, more: Partial<Alarm> = {}): Alarm {
  return {
    id,
    camera_id: 'gate',
    camera_name: 'Gate',
    program: 'vmd',
    rule_id: 1,
    rule_name: 'Intruder',
    kind: 'intruder',
    zone_id: 1,
    zone_name: 'Yard',
    phase: 'begin',
    started_at: '2026-01-01T00:00:00Z',
    ended_at: null,
    at: '2026-01-01T00:00:00Z',
    track_id: 7,
    class: 'person',
    score: 0.8,
    bbox: null,
    why: [],
    shot: null,
    ...more,
    alarm: handling({ incident_id: id, ...edit }),
  };
}
const incident = (id: string, ...alarms: Alarm[]): Incident => ({ id, alarms });

describe('the list of incidents', () => {
  it('an alarm joins its incident, or begins one on top', () => {
    const first = lists.withAlarm([], alarm('01A'));
    const second = lists.withAlarm(first, alarm('01C'));
    const joined = lists.withAlarm(second, alarm('01B', { incident_id: '01A' }));
    expect(joined.map(({ id }) => id)).toEqual(['01C', '01A']);
    expect(joined[1]?.alarms.map(({ id }) => id)).toEqual(['01A', '01B']);
    expect(lists.withAlarm(joined, alarm('01B', { incident_id: '01A' }))).toEqual(joined);
  });

  it('the gravest alarm leads, of these the first', () => {
    const one = incident(
      '01A',
      alarm('01A'),
      alarm('01B', { severity: 'high' }),
      alarm('01C', { severity: 'high' }),
    );
    expect(lists.leadOf(one).id).toBe('01B');
  });

  it('what is handled replaces what is older only', () => {
    const list = [incident('01A', alarm('01A', { revision: 3, n_notes: 1 })), incident('01B', alarm('01B'))];
    const older = lists.withHandled(list, [{ id: '01A', alarm: handling({ revision: 2, state: 'closed' }) }]);
    expect(older[0]).toBe(list[0]);
    const newer = lists.withHandled(list, [{ id: '01A', alarm: handling({ revision: 4, state: 'closed' }) }]);
    expect(newer[0]?.alarms[0]?.alarm.state).toBe('closed');
    expect(newer[1]).toBe(list[1]);
    const noted = lists.withHandled(list, [{ id: '01A', alarm: handling({ revision: 3, n_notes: 2 }) }]);
    expect(noted[0]?.alarms[0]?.alarm.n_notes).toBe(2);
  });

  it('a later step keeps how the alarm is handled', () => {
    const list = [incident('01A', alarm('01A', { state: 'acknowledged' }))];
    const { alarm: _alarm, ...step } = alarm('01A', {}, { phase: 'end', at: '2026-01-01T00:00:09Z' });
    const [after] = lists.withStep(list, step);
    expect(after?.alarms[0]?.phase).toBe('end');
    expect(after?.alarms[0]?.alarm.state).toBe('acknowledged');
    expect(lists.withPicture(list, '01A', '/b.jpg')[0]?.alarms[0]?.shot?.url).toBe('/b.jpg');
  });

  it('unfolded incidents have a line for each alarm', () => {
    const list = [incident('01A', alarm('01A'), alarm('01B')), incident('01C', alarm('01C'))];
    const keys = (unfolded: string[]) => lists.linesOf(list, new Set(unfolded)).map(({ key }) => key);
    expect(keys([])).toEqual(['01A', '01C']);
    expect(keys(['01A', '01C'])).toEqual(['01A', '01A/01A', '01A/01B', '01C']);
    const [whole, part] = lists.linesOf(list, new Set(['01A']));
    expect(whole && lists.alarmsOf(whole).length).toBe(2);
    expect(part && lists.alarmsOf(part).length).toBe(1);
  });
});

describe('the filter', () => {
  const one = alarm('01A', { state: 'assigned', assignee: 'Bob', severity: 'high' }, { rule_id: 3 });
  it.each([
    [{}, true],
    [{ state: 'new' }, false],
    [{ state: 'new,assigned' }, true],
    [{ state: 'all' }, true],
    [{ severity: 'critical,high' }, true],
    [{ severity: 'low' }, false],
    [{ assignee: 'me' }, true],
    [{ assignee: 'eve' }, false],
    [{ rule: '3' }, true],
    [{ rule: '4' }, false],
    [{ camera: 'yard' }, false],
    [{ kind: 'intruder', class: 'person' }, true],
    [{ class: 'car' }, false],
    [{ reason: 'test' }, false],
    [{ from: '2026-01-01T00:00:00Z' }, true],
    [{ until: '2026-01-01T00:00:00Z' }, false],
  ])('%j: %s', (filter, expected) => {
    expect(lists.alarmMatches(one, filter, 'Bob')).toBe(expected);
  });

  it('closed alarms are asked for by name', () => {
    const closed = alarm('01A', { state: 'closed', reason: 'test' });
    expect(lists.alarmMatches(closed, {}, '')).toBe(false);
    expect(lists.alarmMatches(closed, { state: 'closed', reason: 'test' }, '')).toBe(true);
  });
});

it('states of an incident are told together', () => {
  const both = incident('01A', alarm('01A'), alarm('01B', { state: 'closed' }), alarm('01C'));
  const text = (one: Alarm) => one.alarm.state;
  expect(lists.statesText(both, text)).toBe('2 new, 1 closed');
  expect(lists.statesText(incident('01A', alarm('01A')), text)).toBe('new');
});
