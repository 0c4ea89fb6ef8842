// The analytics programs: names, sentences, defaults, and what stands against applying them. Pure.

import type { Programs, ProgramName, ProgramStatus } from '../api/analytics';
import type { ExtensionSetting, ExtensionSettings } from '../api/software';
import type { IconName } from '../lib/icons';

export const PROGRAMS: { name: ProgramName; label: string; icon: IconName; text: string }[] = [
  { name: 'vmd', label: 'AI-VMD', icon: 'zone', text: 'Raises the alarms of the rules on zones and lines.' },
  {
    name: 'people',
    label: 'AI People Detection',
    icon: 'person',
    text: 'Keeps the best shot of every person, with colours and direction, for search and counts.',
  },
  {
    name: 'vehicle',
    label: 'AI Vehicle Detection',
    icon: 'vehicle',
    text: 'Keeps the best shot of every vehicle, with type, colour and direction.',
  },
  {
    name: 'occupancy',
    label: 'AI Occupancy Detection',
    icon: 'crowd',
    text: 'Says how many are in a zone, warns when it fills, and draws heat maps.',
  },
  {
    name: 'state',
    label: 'AI State Detection',
    icon: 'door',
    text: 'Learns from examples whether a door is open, a shelf empty, a barrier up, and tells when that lasts.',
  },
];

export const programLabel = (name: string): string =>
  PROGRAMS.find((program) => program.name === name)?.label ?? name;

export const STATUS: Record<ProgramStatus, { label: string; icon: IconName; tone: string }> = {
  operable: { label: 'Operable', icon: 'check', tone: 'ok' },
  stopped: { label: 'Stopped', icon: 'power', tone: 'off' },
  off_by_schedule: { label: 'Off by schedule', icon: 'clock', tone: 'off' },
  waiting_for_video: { label: 'Waiting for video', icon: 'spinner', tone: 'warn' },
  faulted: { label: 'Faulted', icon: 'warning', tone: 'bad' },
};

export const MAX_AREAS = 32;
export const MAX_RESETS = 24;

/** Fills what an older document lacks. */
export function completePrograms(programs: Partial<Programs> | undefined): Programs {
  const sightings = {
    is_enabled: false,
    schedule_id: null,
    zone_ids: [],
    min_height_px: 24,
    attributes: true,
    further: [],
    visitors_window_s: 1800,
  };
  const occupancy = { is_enabled: false, schedule_id: null, interval_s: 60, areas: [], in_line_ids: [] };
  return {
    vmd: { is_enabled: true, schedule_id: null, ...programs?.vmd },
    people: { ...sightings, ...programs?.people },
    vehicle: { ...sightings, ...programs?.vehicle },
    occupancy: { ...occupancy, ...programs?.occupancy },
    state: { is_enabled: false, schedule_id: null, detectors: [], ...programs?.state },
    counters: programs?.counters ?? [],
    ...(programs?.extensions === undefined ? {} : { extensions: programs.extensions }),
  };
}

export function programProblems(programs: Programs): string[] {
  const found: string[] = [];
  const within = (value: number, min: number, max: number) => value >= min && value <= max;
  for (const area of programs.occupancy.areas) {
    const label = `Area “${area.name}”`;
    if (area.name.trim() === '') found.push('An area needs a name.');
    if (!within(area.threshold, 1, 500)) found.push(`${label}: the threshold must be 1 to 500.`);
    if (area.warning !== null && !within(area.warning, 1, 500))
      found.push(`${label}: the warning must be 1 to 500.`);
    if (area.warning !== null && area.warning >= area.threshold)
      found.push(`${label}: the warning must be below the threshold.`);
    if (!within(area.rise_s, 0, 3600) || !within(area.fall_s, 0, 3600))
      found.push(`${label}: times must be 0 to 3,600 seconds.`);
    if (!within(area.hysteresis, 0, 100)) found.push(`${label}: the hysteresis must be 0 to 100.`);
    if (!within(area.offset ?? 0, -500, 500)) found.push(`${label}: the correction must be -500 to 500.`);
  }
  for (const counter of programs.counters) {
    const label = `Counter “${counter.name}”`;
    if (counter.name.trim() === '') found.push('A counter needs a name.');
    if (!within(counter.interval_s, 1, 3600))
      found.push(`${label}: the interval must be 1 to 3,600 seconds.`);
    for (const reset of counter.resets)
      if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(reset))
        found.push(`${label}: “${reset}” is no time such as 06:00.`);
  }
  for (const { name, label } of PROGRAMS) {
    const settings = programs[name];
    if ('min_height_px' in settings && !within(settings.min_height_px, 8, 2160))
      found.push(`${label}: the least height must be 8 to 2,160 pixels.`);
    if ('visitors_window_s' in settings && !within(settings.visitors_window_s, 60, 86_400))
      found.push(`${label}: somebody can be remembered for 60 to 86,400 seconds.`);
  }
  if (!within(programs.occupancy.interval_s, 1, 3600))
    found.push('Occupancy: the interval must be 1 to 3,600 seconds.');
  return found;
}

/** An installed program as it is on a camera that has never spoken of it. */
export const extensionOf = (programs: Programs, id: string): ExtensionSettings =>
  programs.extensions?.[id] ?? { is_enabled: false, schedule_id: null, settings: {} };

/** What a setting holds: as typed, else what the package gives. */
export const settingValue = (setting: ExtensionSetting, settings: Record<string, unknown>): unknown =>
  settings[setting.name] ?? setting.default;

/** What stands against the settings of an installed program that is on. */
export function extensionProblems(
  label: string,
  schema: readonly ExtensionSetting[],
  settings: Record<string, unknown>,
): string[] {
  return schema.flatMap((setting) => {
    const value = settingValue(setting, settings);
    const what = `${label}: “${setting.label}”`;
    if (setting.kind === 'whole' || setting.kind === 'number') {
      const fits = typeof value === 'number' && value >= setting.min && value <= setting.max;
      const isWhole = setting.kind === 'number' || Number.isInteger(value);
      return fits && isWhole
        ? []
        : [
            `${what} must be ${setting.kind === 'whole' ? 'a whole number ' : ''}${setting.min} to ${setting.max}.`,
          ];
    }
    if (setting.kind === 'zone' || setting.kind === 'line')
      return value === null ? [`${what}: choose a ${setting.kind}.`] : [];
    return [];
  });
}

/** "05:00, 18:30" as a list, in order and without doubles. */
export function parseResets(text: string): string[] {
  const times = text
    .split(/[,;\s]+/)
    .filter((part) => part !== '')
    .map((part) => part.replace(/^(\d):/, '0$1:'));
  return [...new Set(times)].sort().slice(0, MAX_RESETS);
}

/** What differs between two settings, one line each; `names` are those of installed programs. */
export function programChanges(before: Programs, after: Programs, names: Record<string, string> = {}) {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const changes: { mark: 'added' | 'removed' | 'changed'; text: string }[] = [];
  const installed = new Set([
    ...Object.keys(before.extensions ?? {}),
    ...Object.keys(after.extensions ?? {}),
  ]);
  const all = [
    ...PROGRAMS.map(({ name, label }) => ({ label, was: before[name], is: after[name] })),
    ...[...installed].map((id) => ({
      label: names[id] ?? id,
      was: extensionOf(before, id),
      is: extensionOf(after, id),
    })),
  ];
  for (const { label, was, is } of all) {
    if (was.is_enabled !== is.is_enabled)
      changes.push({
        mark: is.is_enabled ? 'added' : 'removed',
        text: `${label} ${is.is_enabled ? 'on' : 'off'}`,
      });
    if (!same({ ...was, is_enabled: 0 }, { ...is, is_enabled: 0 }))
      changes.push({ mark: 'changed', text: `${label}: settings` });
  }
  if (!same(before.counters, after.counters)) changes.push({ mark: 'changed', text: 'Counters' });
  return changes;
}

/** Milliseconds of work per second as a share of what one second offers. */
export const loadPercent = (msPerSecond: number, budget: number): number =>
  budget <= 0 ? 0 : Math.round((msPerSecond / budget) * 100);
