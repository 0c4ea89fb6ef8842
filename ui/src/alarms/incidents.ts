// How the list of incidents changes, and what is chosen in it. Pure.

import { asked, type Alarm, type AlarmFilter, type Handled, type Incident } from '../api/alarms';
import type { RelayEvent } from '../api/types';
import { mergeEvent, withShot } from '../lib/reducers';
import { rank } from './words';

/** The gravest of its alarms, of these the first. */
export function leadOf({ alarms }: Incident): Alarm {
  const [first, ...rest] = alarms as [Alarm, ...Alarm[]];
  return rest.reduce(
    (lead, one) => (rank(one.alarm.severity) > rank(lead.alarm.severity) ? one : lead),
    first,
  );
}

const isIn = (list: string | undefined, value: string | null) =>
  list === undefined || list === '' || (value !== null && list.split(',').includes(value));

/** Whether an alarm belongs into a list with this filter. */
export function alarmMatches(one: Alarm, filter: AlarmFilter, me: string): boolean {
  const {
    state,
    severity,
    camera,
    rule,
    kind,
    class: className,
    assignee,
    reason,
    from,
    until,
  } = asked(filter);
  const { alarm } = one;
  const startedAt = Date.parse(one.started_at);
  return (
    isIn(state, alarm.state) &&
    isIn(severity, alarm.severity) &&
    isIn(camera, one.camera_id) &&
    isIn(rule, String(one.rule_id)) &&
    isIn(kind, one.kind) &&
    isIn(className, one.class) &&
    isIn(assignee === 'me' ? me : assignee, alarm.assignee) &&
    isIn(reason, alarm.reason) &&
    (from === undefined || startedAt >= Date.parse(from)) &&
    (until === undefined || startedAt < Date.parse(until))
  );
}

export const matches = ({ alarms }: Incident, filter: AlarmFilter, me: string): boolean =>
  alarms.some((one) => alarmMatches(one, filter, me));

/** Adds or replaces incidents; the one that began last comes first. */
export function withIncidents(known: readonly Incident[], more: readonly Incident[]): Incident[] {
  const byId = new Map(known.map((incident) => [incident.id, incident]));
  for (const incident of more) byId.set(incident.id, incident);
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** Replaces alarms one by one; incidents in which nothing changes stay the same. */
function withAlarms(incidents: readonly Incident[], change: (one: Alarm) => Alarm): Incident[] {
  return incidents.map((incident) => {
    const alarms = incident.alarms.map(change);
    return alarms.every((one, at) => one === incident.alarms[at]) ? incident : { ...incident, alarms };
  });
}

/** An alarm that was just raised joins its incident, or is one. */
export function withAlarm(incidents: readonly Incident[], arrived: Alarm): Incident[] {
  const incidentId = arrived.alarm.incident_id;
  const known = incidents.find(({ id }) => id === incidentId);
  if (known === undefined) return withIncidents(incidents, [{ id: incidentId, alarms: [arrived] }]);
  const others = known.alarms.filter(({ id }) => id !== arrived.id);
  const alarms = [...others, arrived].sort((a, b) => (a.id < b.id ? -1 : 1));
  return withIncidents(incidents, [{ ...known, alarms }]);
}

/** What was handled; an older answer does not replace a newer one. */
export function withHandled(incidents: readonly Incident[], handled: readonly Handled[]): Incident[] {
  const byId = new Map(handled.map((one) => [one.id, one.alarm]));
  return withAlarms(incidents, (one) => {
    const next = byId.get(one.id);
    if (next === undefined || next.revision < one.alarm.revision) return one;
    if (next.revision === one.alarm.revision && next.n_notes < one.alarm.n_notes) return one;
    return { ...one, alarm: { ...next, is_quiet: one.alarm.is_quiet } };
  });
}

/** A later step of an event. */
export const withStep = (incidents: readonly Incident[], event: RelayEvent): Incident[] =>
  withAlarms(incidents, (one) =>
    one.id === event.id ? { ...mergeEvent(one, event), alarm: one.alarm } : one,
  );

export const withPicture = (incidents: readonly Incident[], eventId: string, url: string): Incident[] =>
  withAlarms(incidents, (one) => {
    const [next] = one.id === eventId ? withShot([one], eventId, url) : [];
    return next === undefined ? one : { ...next, alarm: one.alarm };
  });

/** A line of the list: an incident, or one alarm of an incident that is unfolded. */
export interface Line {
  key: string;
  incident: Incident;
  /** null: the whole incident. */
  alarm: Alarm | null;
}

/** The lines that are shown, from top to bottom. */
export function linesOf(incidents: readonly Incident[], unfolded: ReadonlySet<string>): Line[] {
  return incidents.flatMap((incident) => {
    const whole: Line = { key: incident.id, incident, alarm: null };
    if (incident.alarms.length < 2 || !unfolded.has(incident.id)) return [whole];
    const alarms = incident.alarms.map((alarm) => ({ key: `${incident.id}/${alarm.id}`, incident, alarm }));
    return [whole, ...alarms];
  });
}

/** The alarms that a line stands for. */
export const alarmsOf = ({ incident, alarm }: Line): Alarm[] => (alarm === null ? incident.alarms : [alarm]);

/** "New" for all, or "2 new, 1 closed". */
export function statesText({ alarms }: Incident, text: (one: Alarm) => string): string {
  const counts = new Map<string, number>();
  for (const one of alarms) counts.set(text(one), (counts.get(text(one)) ?? 0) + 1);
  if (counts.size === 1) return [...counts.keys()][0] ?? '';
  return [...counts].map(([word, n]) => `${n} ${word.toLowerCase()}`).join(', ');
}
