// Schedule mathematics: times of the day, overlaps, gaps, words. Pure.

import type { ScheduleInput, Span } from '../api/analytics';

export const DAY_MIN = 1440;
export const MAX_SPANS = 24;
export const DAY_NAMES = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
export const shortDay = (day: number) => (DAY_NAMES[day % 7] ?? '').slice(0, 3);

export type Edge =
  { kind: 'clock'; minute: number } | { kind: 'sun'; which: 'sunrise' | 'sunset'; offset: number };

/** Where sun times are drawn when nothing better is known. */
const NOMINAL = { sunrise: 6 * 60, sunset: 18 * 60 };
const MAX_OFFSET_MIN = 720;

/** "8:05", "24:00", "sunrise", "sunset-15"; null when it is none of these. */
export function parseEdge(text: string): Edge | null {
  const clock = /^\s*(\d{1,2}):(\d{2})\s*$/.exec(text);
  if (clock !== null) {
    const minute = Number(clock[1]) * 60 + Number(clock[2]);
    return Number(clock[2]) < 60 && minute <= DAY_MIN ? { kind: 'clock', minute } : null;
  }
  const sun = /^\s*(sunrise|sunset)\s*(?:([+-])\s*(\d{1,3}))?\s*$/i.exec(text);
  if (sun === null) return null;
  const offset = Number(sun[3] ?? 0) * (sun[2] === '-' ? -1 : 1);
  if (Math.abs(offset) > MAX_OFFSET_MIN) return null;
  return { kind: 'sun', which: sun[1]?.toLowerCase() as 'sunrise' | 'sunset', offset };
}

export const formatMinute = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

export function formatEdge(edge: Edge): string {
  if (edge.kind === 'clock') return formatMinute(edge.minute);
  const { which, offset } = edge;
  return offset === 0 ? which : `${which}${offset > 0 ? '+' : '-'}${Math.abs(offset)}`;
}

/** The minute at which an edge is drawn; sun times stand at a nominal place. */
export function edgeMinute(text: string): number | null {
  const edge = parseEdge(text);
  if (edge === null) return null;
  if (edge.kind === 'clock') return edge.minute;
  return Math.min(DAY_MIN, Math.max(0, NOMINAL[edge.which] + edge.offset));
}

export const usesSun = ({ from, until }: Span): boolean =>
  parseEdge(from)?.kind === 'sun' || parseEdge(until)?.kind === 'sun';

export interface Drawn {
  from_min: number;
  until_min: number;
}

/** Whether a part by the clock ends on the next day. */
export function isOverMidnight(span: Span): boolean {
  if (usesSun(span)) return false;
  const [from, until] = [edgeMinute(span.from), edgeMinute(span.until)];
  return from !== null && until !== null && until < from;
}

/** A part over midnight ends beyond `DAY_MIN`. */
export function drawnOf(span: Span): Drawn | null {
  const [from, until] = [edgeMinute(span.from), edgeMinute(span.until)];
  if (from === null || until === null) return null;
  return { from_min: from, until_min: isOverMidnight(span) ? until + DAY_MIN : until };
}

/** What the parts of a day leave to the next one: its first minutes. */
export const carried = (spans: readonly Span[]): Drawn[] =>
  spans.flatMap((span) => {
    const drawn = drawnOf(span);
    if (drawn === null || drawn.until_min <= DAY_MIN) return [];
    return [{ from_min: 0, until_min: drawn.until_min - DAY_MIN }];
  });

export function spanProblem(span: Span): string | null {
  const [from, until] = [parseEdge(span.from), parseEdge(span.until)];
  if (from === null || until === null)
    return 'Type a time such as 08:00 or 24:00, or sunrise, sunset, sunset-15, sunrise+30.';
  const drawn = drawnOf(span);
  // Sun times move with the season: only clock times can be compared here.
  if (drawn !== null && !usesSun(span) && drawn.until_min === drawn.from_min)
    return 'Ends when it begins. A whole day is 00:00 until 24:00.';
  return null;
}

/** Positions of spans of one day that overlap another one. */
export function overlaps(spans: readonly Span[]): number[] {
  const drawn = spans.map(drawnOf);
  return [...spans.keys()].filter((a) =>
    [...spans.keys()].some((b) => {
      const [one, other] = [drawn[a], drawn[b]];
      return a !== b && one && other && one.from_min < other.until_min && other.from_min < one.until_min;
    }),
  );
}

/** Joined and in order; parts that touch become one. */
export function joined(parts: readonly Drawn[]): Drawn[] {
  const result: Drawn[] = [];
  for (const part of [...parts].sort((a, b) => a.from_min - b.from_min)) {
    const last = result.at(-1);
    if (part.until_min <= part.from_min) continue;
    if (last !== undefined && part.from_min <= last.until_min)
      result[result.length - 1] = { ...last, until_min: Math.max(last.until_min, part.until_min) };
    else result.push(part);
  }
  return result;
}

/** What a day's parts leave open. */
export function gaps(parts: readonly Drawn[]): Drawn[] {
  const found: Drawn[] = [];
  let at = 0;
  for (const { from_min, until_min } of joined(parts)) {
    if (from_min > at) found.push({ from_min: at, until_min: from_min });
    at = Math.max(at, until_min);
  }
  if (at < DAY_MIN) found.push({ from_min: at, until_min: DAY_MIN });
  return found;
}

/** Overlapping clock spans become one; spans by the sun stay as they are. */
export function mergeDay(spans: readonly Span[]): Span[] {
  const clock = spans.filter((span) => !usesSun(span) && spanProblem(span) === null);
  const others = spans.filter((span) => !clock.includes(span));
  const parts = clock.flatMap((span) => drawnOf(span) ?? []);
  return [
    ...joined(parts).map(({ from_min, until_min }) => ({
      from: formatMinute(from_min),
      until: formatMinute(until_min > DAY_MIN ? until_min - DAY_MIN : until_min),
    })),
    ...others,
  ];
}

export const minutesOf = (parts: readonly Drawn[]): number =>
  joined(parts).reduce((sum, { from_min, until_min }) => sum + until_min - from_min, 0);

export const snapMinute = (minute: number, step: number): number =>
  Math.min(DAY_MIN, Math.max(0, Math.round(minute / step) * step));

/** The day copied onto others, counted from Monday = 0. */
export function copyDay(week: readonly Span[][], from: number, to: readonly number[]): Span[][] {
  return week.map((spans, day) =>
    to.includes(day) ? (week[from] ?? []).map((span) => ({ ...span })) : spans,
  );
}

/** "Mon–Fri 08:00–18:00, Sat 09:00–12:00"; `Never` and `Always` where that is so. */
export function weekText(week: readonly Span[][]): string {
  const texts = week.map((spans) => spans.map(({ from, until }) => `${from}–${until}`).join(' and '));
  if (texts.every((text) => text === '')) return 'Never';
  if (texts.every((text) => text === '00:00–24:00')) return 'Always';
  const parts: string[] = [];
  for (let day = 0; day < 7;) {
    let end = day;
    while (end + 1 < 7 && texts[end + 1] === texts[day]) end += 1;
    if (texts[day] !== '')
      parts.push(`${shortDay(day)}${end > day ? `–${shortDay(end)}` : ''} ${texts[day] ?? ''}`);
    day = end + 1;
  }
  return parts.join(', ');
}

const ALL_DAY: Span[] = [{ from: '00:00', until: '24:00' }];
const every = (spans: Span[]): Span[][] => DAY_NAMES.map(() => spans.map((span) => ({ ...span })));
const workdays = (spans: Span[], weekend: Span[]) =>
  DAY_NAMES.map((_, day) => (day < 5 ? spans : weekend).map((span) => ({ ...span })));

export const TEMPLATES: { label: string; week: () => Span[][] }[] = [
  { label: 'Office hours', week: () => workdays([{ from: '08:00', until: '18:00' }], []) },
  {
    label: 'Outside office hours',
    week: () =>
      workdays(
        [
          { from: '00:00', until: '08:00' },
          { from: '18:00', until: '24:00' },
        ],
        ALL_DAY,
      ),
  },
  { label: 'Every night', week: () => every([{ from: '22:00', until: '06:00' }]) },
  { label: 'Always', week: () => every(ALL_DAY) },
  { label: 'Empty', week: () => every([]) },
];

export function newSchedule(timeZone: string): ScheduleInput {
  return {
    name: 'New schedule',
    time_zone: timeZone,
    latitude: null,
    longitude: null,
    week: workdays([{ from: '08:00', until: '18:00' }], []),
    exceptions: [],
  };
}

/** Everything that stands against saving. */
export function scheduleProblems(schedule: ScheduleInput): string[] {
  const found: string[] = [];
  if (schedule.name.trim() === '') found.push('The schedule needs a name.');
  const days = [
    ...schedule.week.map((spans, day) => ({ label: DAY_NAMES[day] ?? '', spans })),
    ...schedule.exceptions.map(({ date, name, spans }) => ({ label: name || date, spans })),
  ];
  for (const { label, spans } of days) {
    spans.forEach((span) => {
      const problem = spanProblem(span);
      if (problem !== null) found.push(`${label}, ${span.from}–${span.until}: ${problem}`);
    });
    if (spans.length > MAX_SPANS) found.push(`${label} has more than ${MAX_SPANS} parts.`);
  }
  for (const { date, name } of schedule.exceptions)
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) found.push(`${name || 'A special day'} needs a date.`);
  const dates = schedule.exceptions.map(({ date }) => date);
  if (new Set(dates).size < dates.length) found.push('Two special days have the same date.');
  const isBySun = days.some(({ spans }) => spans.some(usesSun));
  if (isBySun && (schedule.latitude === null || schedule.longitude === null))
    found.push('Sunrise and sunset need the place: latitude and longitude.');
  return found;
}
