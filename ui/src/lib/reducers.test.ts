import { describe, expect, it } from 'vitest';
import type { RelayEvent, Shot } from '../api/types';
import { withEvents, withShot } from './reducers';

const shot = { url: '/a.jpg', stage: 'early' } as Shot;

function event(edit: Partial<RelayEvent>): RelayEvent {
  const at = edit.at ?? '2026-01-01T00:00:00Z';
  return {
    id: '01A',
    camera_id: 'gate',
    camera_name: 'Gate',
    program: 'vmd',
    rule_id: 1,
    rule_name: 'Intruder',
    kind: 'intruder',
    zone_id: 1,
    zone_name: 'Yard',
    phase: 'begin',
    started_at: at,
    ended_at: null,
    at,
    track_id: 7,
    class: 'person',
    score: 0.8,
    bbox: null,
    why: [],
    shot: null,
    ...edit,
  };
}

describe('withEvents', () => {
  it('keeps the newest first and no doubles', () => {
    const list = withEvents(
      [event({ id: '01B' })],
      [event({ id: '01C' }), event({ id: '01B' }), event({ id: '01A' })],
    );
    expect(list.map(({ id }) => id)).toEqual(['01C', '01B', '01A']);
  });
  it('a later step replaces an earlier one and keeps its picture', () => {
    const end = event({ phase: 'end', at: '2026-01-01T00:00:09Z' });
    expect(withEvents([event({ shot })], [end])).toEqual([{ ...end, shot }]);
  });
  it('a late arrival of an earlier step changes nothing', () => {
    const end = event({ phase: 'end', at: '2026-01-01T00:00:09Z' });
    expect(withEvents([end], [event({})])).toEqual([end]);
    const sameTime = event({ phase: 'end' });
    expect(withEvents([sameTime], [event({ phase: 'update' })])).toEqual([sameTime]);
  });
});

describe('withShot', () => {
  it('gives an event its picture and leaves the others alone', () => {
    const [first, second] = withShot([event({}), event({ id: '01B' })], '01A', '/b.jpg');
    expect(first?.shot?.url).toBe('/b.jpg');
    expect(second?.shot).toBeNull();
  });
});
