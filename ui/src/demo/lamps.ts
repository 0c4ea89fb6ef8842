// What the demo page says of an alarm and of a zone's level. Pure.

import type { Level, ProgramsLive } from '../api/analytics';
import type { LiveScene } from '../api/types';
import { KINDS, type Rule } from '../zones/rule';

const WHO: Record<string, string> = {
  person: 'PERSON',
  car: 'VEHICLE',
  bus: 'VEHICLE',
  truck: 'VEHICLE',
  bicycle: 'TWO-WHEELER',
  motorcycle: 'TWO-WHEELER',
};

/** "INTRUDER - PERSON": the kind, and who may have caused it among the rule's classes. */
export function alarmText(kind: Rule['kind'], classes: readonly string[], scene: LiveScene | null): string {
  const what = KINDS[kind].label.toUpperCase();
  const inPicture = new Set((scene?.tracks ?? []).map(({ class: name }) => name));
  const seen = classes.filter((name) => inPicture.has(name));
  const who = [...new Set((seen.length > 0 ? seen : classes).map((name) => WHO[name] ?? name.toUpperCase()))];
  return who.length === 0 ? what : `${what} - ${who.join(' / ')}`;
}

export const LEVELS: Record<Level, { label: string; sign: string; tone: string }> = {
  normal: { label: 'Normal', sign: '●', tone: 'ok' },
  warning: { label: 'Filling', sign: '▲', tone: 'warn' },
  over: { label: 'Too full', sign: '■', tone: 'bad' },
};

export const totalOf = (present: ProgramsLive['zones'][number]['present']): number =>
  Object.values(present).reduce((sum, count) => sum + count, 0);
