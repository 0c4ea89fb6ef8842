// What an alarm was about, in words. Pure.

import type { RelayEvent } from '../api/types';
import { wayWord } from '../sightings/words';
import { healthWord } from '../health/health';
import { kindOf } from '../zones/rule';
import { classWord, kindWord, problemWord } from './format';

type Told = Pick<RelayEvent, 'kind' | 'class'> & Partial<RelayEvent>;

/** "Cross line", "Too many", "Occupancy". */
export const kindLabel = (kind: string): string => kindOf(kind)?.label ?? kindWord(kind);

const WAYS = { left_to_right: 'A → B', right_to_left: 'B → A' };

/** "A → B", "moving up left"; empty where the alarm has no way. */
export function wayText({ crossing, heading_deg }: Told): string {
  if (crossing) return WAYS[crossing];
  const way = wayWord(heading_deg ?? null);
  return way === null ? '' : `moving ${way}`;
}

/** "Person · Kerb A → B", "Picture too dark", "12 in Hall". */
export function eventTitle(event: Told): string {
  const place = event.zone_name ?? event.line_name ?? '';
  if (event.kind === 'signal_lost') return 'No picture';
  if (event.kind === 'watch_list')
    return `${classWord(event.class)} like on ${event.rule_name ?? 'a watch list'}`;
  if (event.kind === 'picture_problem')
    return event.problem ? `Picture ${problemWord(event.problem)}` : 'Picture problem';
  if (event.kind === 'state')
    return event.detector_name ? `${event.detector_name} ${event.state_name ?? ''}`.trim() : 'Learnt state';
  const { count } = event;
  if (count !== null && count !== undefined) {
    // At its end the number is the low one that ended it.
    if (event.phase === 'end') return [kindLabel(event.kind), place].filter(Boolean).join(' · ');
    const who = event.class === null ? '' : `${classWord(event.class).toLowerCase()} `;
    return `${count} ${who}in ${place || 'the picture'}`;
  }
  const what =
    event.class === null && event.kind.startsWith('object_') ? kindLabel(event.kind) : classWord(event.class);
  const where = event.kind === 'cross_line' ? [place, wayText(event)].filter(Boolean).join(' ') : place;
  return [what, where].filter(Boolean).join(' · ');
}

/** What else is known, for the page of one alarm: label and text. */
export function eventFacts(event: Told): [string, string][] {
  const facts: [string, string][] = [];
  if (event.zone_name) facts.push(['Zone', event.zone_name]);
  if (event.line_name) facts.push(['Line', event.line_name]);
  if (event.crossing) facts.push(['Way', WAYS[event.crossing]]);
  if (event.heading_deg !== null && event.heading_deg !== undefined)
    facts.push(['Direction', `${wayWord(event.heading_deg) ?? ''} (${Math.round(event.heading_deg)}°)`]);
  if (event.count !== null && event.count !== undefined)
    facts.push([event.phase === 'end' ? 'How many at the end' : 'How many', String(event.count)]);
  if (event.problem) facts.push(['The picture was', problemWord(event.problem)]);
  if (event.watch)
    facts.push([
      'Looks like',
      `example ${event.watch.example_id} of the watch list, similarity ${event.watch.similarity.toFixed(2)}`,
    ]);
  if (event.state_name) {
    facts.push(['Region', event.detector_name ?? '']);
    facts.push(['State', `${event.state_name}, ${Math.round((event.score ?? 0) * 100)} % likely`]);
  }
  if (event.doubt) facts.push(['In doubt', `The scene was ${healthWord(event.doubt)}`]);
  return facts;
}
