// When each program runs on each camera over the coming week, with overlaps and gaps in words. Pure.

import type { Schedule } from '../api/analytics';
import {
  DAY_NAMES,
  DAY_MIN,
  formatMinute,
  gaps,
  minutesOf,
  overlaps,
  shortDay,
  type Drawn,
} from '../schedule/week';

export const ALWAYS: Drawn[][] = DAY_NAMES.map(() => [{ from_min: 0, until_min: DAY_MIN }]);

/** "Today 18:00–24:00, Sat all day"; at most `most` of them. */
export function gapText(week: readonly (readonly Drawn[])[], labels: readonly string[], most = 4): string {
  const labelOf = (day: number) => (labels[day] === 'Today' ? 'today' : (labels[day] ?? ''));
  const found = week.flatMap((parts, day) =>
    gaps(parts).map(({ from_min, until_min }) =>
      from_min === 0 && until_min === DAY_MIN
        ? `${labelOf(day)} all day`
        : `${labelOf(day)} ${formatMinute(from_min)}–${formatMinute(until_min)}`,
    ),
  );
  if (found.length === 0) return '';
  const more = found.length - most;
  return `Off ${found.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export function overlapText({ week }: Pick<Schedule, 'week'>): string {
  const days = week.flatMap((spans, day) => (overlaps(spans).length > 0 ? [shortDay(day)] : []));
  return days.length === 0 ? '' : `Parts overlap on ${days.join(', ')}`;
}

export const hoursText = (week: readonly (readonly Drawn[])[]): string =>
  `${Math.round((week.reduce((sum, parts) => sum + minutesOf(parts), 0) / 60) * 10) / 10} of 168 hours`;
