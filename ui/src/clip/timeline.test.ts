import { describe, expect, it } from 'vitest';
import type { ClipFrame } from '../api/clips';
import { alarmFrame, clipKey, clockTime, endOf, frameAt, placesOf, sinceAlarm } from './timeline';

const frame = (ms: number): ClipFrame => ({
  at: new Date(Date.UTC(2026, 6, 1) + ms).toISOString(),
  len_bytes: 1,
  is_between: false,
  tracks: [],
});
const press = (key: string) => ({ key, ctrlKey: false, metaKey: false, altKey: false });

describe('time line of a clip', () => {
  const frames = [0, 100, 350, 60_000, 60_100].map(frame);

  it('keeps an uneven rate and cuts a long gap', () => {
    expect(placesOf(frames)).toEqual([0, 100, 350, 1_350, 1_450]);
    expect(endOf(placesOf(frames))).toBe(1_650);
    expect(placesOf([])).toEqual([]);
  });

  it('finds the picture of every place', () => {
    const places = placesOf(frames);
    const found = [0, 99, 100, 349, 1_349, 9_999].map((place) => frameAt(places, place));
    expect(found).toEqual([0, 0, 1, 1, 2, 4]);
    expect(frameAt([], 5)).toBe(0);
  });

  it('knows where the alarm began', () => {
    const at = (ms: number) => frame(ms).at;
    expect(alarmFrame(frames, at(101))).toBe(2);
    expect(alarmFrame(frames, at(99_999))).toBe(4);
    expect(alarmFrame(frames, null)).toBe(0);
    expect(sinceAlarm(at(350), at(100))).toBe('+0.250 s');
    expect(sinceAlarm(at(0), at(2_400))).toBe('−2.400 s');
  });

  it('writes times with milliseconds', () => {
    expect(clockTime('2026-07-01T09:30:05.007Z', 'UTC')).toBe('09:30:05.007');
  });
});

describe('keys of the player', () => {
  it('leave fields alone, and buttons their space bar', () => {
    expect(clipKey(press(' '), 'page')).toBe('play');
    expect(clipKey(press(' '), 'button')).toBeNull();
    expect(clipKey(press('ArrowLeft'), 'button')).toBe('back');
    expect(clipKey(press('ArrowLeft'), 'bar')).toBeNull();
    expect(clipKey(press('b'), 'field')).toBeNull();
    expect(clipKey({ ...press('b'), ctrlKey: true }, 'page')).toBeNull();
  });
});
