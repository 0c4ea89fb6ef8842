// What the demo page says of an alarm and of a zone's level. Pure.

import type { Lamp, Level, ProgramsLive } from '../api/analytics';
import type { RuleInput } from '../api/analytics';
import { kindLabel } from '../lib/eventWords';

const WHO: Record<string, string> = {
  person: 'PERSON',
  car: 'VEHICLE',
  bus: 'VEHICLE',
  truck: 'VEHICLE',
  bicycle: 'TWO-WHEELER',
  motorcycle: 'TWO-WHEELER',
};

/** "INTRUDER - PERSON": the kind, and what caused it where that is known. */
export function alarmText({ kind, class: name }: Pick<Lamp, 'kind' | 'class'>): string {
  const what = kindLabel(kind).toUpperCase();
  return name === null ? what : `${what} - ${WHO[name] ?? name.toUpperCase()}`;
}

/** A lamp for every rule that is on, quiet ones too, and for whatever else is in alarm. */
export function lampsOf(rules: readonly RuleInput[], told: readonly Lamp[]): Lamp[] {
  const quiet = rules.filter(
    ({ id, is_enabled }) => is_enabled !== false && !told.some(({ rule_id }) => rule_id === id),
  );
  const dark = quiet.map(({ id, name, kind, zone_id }) => ({
    rule_id: id,
    name,
    kind,
    class: null,
    zone_id: zone_id ?? null,
    is_active: false,
    since: null,
  }));
  return [...told, ...dark].sort((a, b) => a.rule_id - b.rule_id);
}

export const LEVELS: Record<Level, { label: string; sign: string; tone: string }> = {
  normal: { label: 'Normal', sign: '●', tone: 'ok' },
  warning: { label: 'Filling', sign: '▲', tone: 'warn' },
  over: { label: 'Too full', sign: '■', tone: 'bad' },
};

export const totalOf = (present: ProgramsLive['zones'][number]['present']): number =>
  Object.values(present).reduce((sum, count) => sum + count, 0);
