// Numbers, times and names as people read them. Pure: the present time is a parameter.

import type { CameraState, Mode, Phase } from '../api/types';

export function formatFps(fps: number | null): string {
  return fps === null ? '–' : `${fps.toFixed(1)} fps`;
}

export function formatBitRate(bitsPerSecond: number | null): string {
  if (bitsPerSecond === null) return '–';
  if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

export function formatResolution(size: { width_px: number; height_px: number } | null): string {
  return size === null ? '–' : `${size.width_px} × ${size.height_px}`;
}

/** A length of time: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 days`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

export function formatAge(seconds: number | null): string {
  return seconds === null ? '–' : formatDuration(seconds);
}

export function secondsBetween(from: string, until: string | number): number {
  return ((typeof until === 'number' ? until : Date.parse(until)) - Date.parse(from)) / 1000;
}

/** How long ago: `just now`, `40 s ago`, `3 min ago`, `2 h ago`, `5 days ago`. */
export function formatRelative(at: string, nowMs: number): string {
  const seconds = secondsBetween(at, nowMs);
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} days ago`;
}

/** Local date and time; the date is left out when it is today's. */
export function formatTime(at: string, nowMs: number, timeZone?: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '–';
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = (value: Date) => value.toLocaleDateString('en-CA', zone);
  const time = date.toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    ...zone,
  });
  return day(date) === day(new Date(nowMs)) ? `today ${time}` : `${day(date)} ${time}`;
}

/** Always with its date and the name of the time zone. */
export function formatFullTime(at: string, timeZone?: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '–';
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = date.toLocaleTimeString('en-GB', { timeZoneName: 'short', ...zone });
  return `${date.toLocaleDateString('en-CA', zone)} ${time}`;
}

/** What is wrong with a picture. */
export const PROBLEM_WORDS: Record<string, string> = {
  covered: 'covered',
  defocused: 'out of focus',
  turned: 'turned away',
  too_dark: 'too dark',
  too_bright: 'too bright',
};

export const problemWord = (name: string): string => PROBLEM_WORDS[name] ?? name.replaceAll('_', ' ');

const CLASS_WORDS: Record<string, string> = {
  person: 'Person',
  bicycle: 'Bicycle',
  car: 'Car',
  motorcycle: 'Motorcycle',
  bus: 'Bus',
  truck: 'Truck',
  two_wheeler: 'Two-wheeler',
  vehicle: 'Vehicle',
};

function titled(code: string): string {
  const text = code.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function classWord(name: string | null): string {
  if (name === null) return 'Something moving';
  return CLASS_WORDS[name] ?? titled(name);
}

export function kindWord(kind: string): string {
  return titled(kind);
}

export function stateWord(state: CameraState): string {
  return {
    off: 'Switched off',
    connecting: 'Connecting',
    receiving: 'Receiving',
    waiting: 'Waiting to retry',
    failed: 'Needs attention',
  }[state];
}

export function modeWord(mode: Mode | null): string {
  if (mode === null) return '–';
  return { automatic: 'Automatic', stream: 'Stream', one_shot: 'One shot' }[mode];
}

export function phaseWord(phase: Phase): string {
  return { begin: 'Began', update: 'Went on', end: 'Ended' }[phase];
}

export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

/** A SHA-256 in hex as pairs with colons, as certificate tools print it. */
export function formatFingerprint(hex: string): string {
  return (hex.toUpperCase().match(/.{1,2}/g) ?? []).join(':');
}
