// When each picture of a clip is shown. Pure.
//
// In: the pictures with their times. Out: places on a time line in milliseconds from the first; a gap, as between
// the begin and the end of a long alarm, takes a second at most.

import type { ClipFrame } from '../api/clips';

const LONGEST_GAP_MS = 1_000;
/** Pictures go on so long after the last: its own turn. */
const LAST_MS = 200;

export function placesOf(frames: readonly ClipFrame[]): number[] {
  const places: number[] = [];
  let place = 0;
  let before: number | null = null;
  for (const { at } of frames) {
    const ms = Date.parse(at);
    place += before === null ? 0 : Math.min(LONGEST_GAP_MS, Math.max(0, ms - before));
    before = ms;
    places.push(place);
  }
  return places;
}

/** The picture that is shown at a place: the last that is not after it. */
export function frameAt(places: readonly number[], place: number): number {
  let [low, high] = [0, places.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((places[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

export const endOf = (places: readonly number[]): number => (places.at(-1) ?? 0) + LAST_MS;

/** The picture in which the alarm began: the first that is not before it. */
export function alarmFrame(frames: readonly ClipFrame[], alarmAt: string | null): number {
  if (alarmAt === null) return 0;
  const alarmMs = Date.parse(alarmAt);
  const found = frames.findIndex(({ at }) => Date.parse(at) >= alarmMs);
  return found === -1 ? Math.max(0, frames.length - 1) : found;
}

/** "+2.400 s" after the alarm, "−0.200 s" before it. */
export function sinceAlarm(at: string, alarmAt: string | null): string {
  if (alarmAt === null) return '';
  const ms = Date.parse(at) - Date.parse(alarmAt);
  return `${ms < 0 ? '−' : '+'}${(Math.abs(ms) / 1_000).toFixed(3)} s`;
}

/** Local time with milliseconds. */
export function clockTime(at: string, timeZone?: string): string {
  const date = new Date(at);
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = date.toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    ...zone,
  });
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export type ClipKey = 'play' | 'back' | 'forward' | 'boxes' | 'first' | 'last' | 'alarm';

const KEYS: Record<string, ClipKey> = {
  ' ': 'play',
  ArrowLeft: 'back',
  ',': 'back',
  ArrowRight: 'forward',
  '.': 'forward',
  b: 'boxes',
  Home: 'first',
  End: 'last',
  '0': 'alarm',
};

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** What a key means to the player; null for none. `on` is what has the keys: a field or button keeps its own. */
export function clipKey(pressed: Pressed, on: 'page' | 'button' | 'field' | 'bar'): ClipKey | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || on === 'field') return null;
  const key = KEYS[pressed.key] ?? null;
  // A button is pressed by the space bar; the bar moves by arrows, Home and End itself.
  if (on === 'button') return key === 'play' ? null : key;
  if (on === 'bar') return key === 'play' || key === 'boxes' || key === 'alarm' ? key : null;
  return key;
}
