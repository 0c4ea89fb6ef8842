import { describe, expect, it } from 'vitest';
import * as format from './format';

const NOW = Date.parse('2026-03-10T12:00:00Z');

describe('formatDuration', () => {
  it.each([
    [0.42, '0.4 s'],
    [9.97, '10 s'],
    [59.6, '1 min'],
    [65, '1 min 5 s'],
    [3600, '1 h'],
    [7800, '2 h 10 min'],
    [86_400 * 3, '3 days'],
    [-1, '–'],
    [Number.NaN, '–'],
  ])('%d', (seconds, words) => expect(format.formatDuration(seconds)).toBe(words));
});

describe('formatRelative', () => {
  it.each([
    ['2026-03-10T12:00:03Z', 'just now'],
    ['2026-03-10T11:59:58Z', 'just now'],
    ['2026-03-10T11:59:20Z', '40 s ago'],
    ['2026-03-10T11:57:00Z', '3 min ago'],
    ['2026-03-09T12:00:00Z', '24 h ago'],
    ['2026-03-05T12:00:00Z', '5 days ago'],
    ['rubbish', '–'],
  ])('%s', (at, words) => expect(format.formatRelative(at, NOW)).toBe(words));
});

describe('formatTime', () => {
  it('leaves today’s date out, by the local day', () => {
    expect(format.formatTime('2026-03-10T11:59:00Z', NOW, 'UTC')).toBe('today 11:59:00');
    expect(format.formatTime('2026-03-09T23:30:00Z', NOW, 'UTC')).toBe('2026-03-09 23:30:00');
    expect(format.formatTime('2026-03-09T23:30:00Z', NOW, 'Europe/Berlin')).toBe('today 00:30:00');
  });
  it('names the zone when written in full', () =>
    expect(format.formatFullTime('2026-03-10T11:59:00Z', 'UTC')).toBe('2026-03-10 11:59:00 UTC'));
});

it('bytes and bit rates carry their unit', () => {
  expect(format.formatBytes(999)).toBe('999 B');
  expect(format.formatBytes(4_100_000)).toBe('4.1 MB');
  expect(format.formatBytes(250_000_000_000)).toBe('250 GB');
  expect(format.formatBitRate(640_000)).toBe('640 kbit/s');
  expect(format.formatBitRate(12_340_000)).toBe('12.3 Mbit/s');
  expect(format.formatFps(4.96)).toBe('5.0 fps');
  expect(format.formatFps(null)).toBe('–');
});

it('unknown codes still read as words', () => {
  expect(format.classWord('garden_gnome')).toBe('Garden gnome');
  expect(format.classWord(null)).toBe('Something moving');
});

it('a fingerprint is written in pairs', () => expect(format.formatFingerprint('ab01ff')).toBe('AB:01:FF'));
