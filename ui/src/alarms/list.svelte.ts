// The list of incidents under a filter: pages of stored ones, live arrivals on top, what is chosen.

import {
  getIncident,
  listIncidents,
  type Alarm,
  type AlarmFilter,
  type Handled,
  type Incident,
} from '../api/alarms';
import { messageOf } from '../api/errors';
import type { RelayEvent } from '../api/types';
import * as lists from './incidents';

const PAGE = 30;
/** How long an arrival stays marked. */
const NEW_MS = 8_000;

export class IncidentList {
  incidents = $state.raw<Incident[]>([]);
  newIds = $state.raw<ReadonlySet<string>>(new Set());
  isLoading = $state(true);
  isLoadingMore = $state(false);
  error = $state<string | null>(null);
  nextBefore = $state<string | null>(null);
  unfolded = $state.raw<ReadonlySet<string>>(new Set());
  /** Keys of chosen lines. */
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  /** Key of the line that keys act on. */
  cursor = $state<string | null>(null);
  #filter: AlarmFilter = {};
  #me = '';
  /** Counts loads, so that a slow answer to an old filter is not shown. */
  #load = 0;

  readonly lines = $derived(lists.linesOf(this.incidents, this.unfolded));
  /** The alarms that keys and buttons act on: of the chosen lines, else of the line of the cursor. */
  readonly target: Alarm[] = $derived.by(() => {
    const { chosen, cursor } = this;
    const wanted = this.lines.filter(({ key }) => (chosen.size > 0 ? chosen.has(key) : key === cursor));
    const byId = new Map(wanted.flatMap(lists.alarmsOf).map((one) => [one.id, one]));
    return [...byId.values()];
  });

  async load(filter: AlarmFilter, me: string): Promise<void> {
    this.#filter = filter;
    this.#me = me;
    this.incidents = [];
    this.chosen = new Set();
    this.cursor = null;
    this.nextBefore = null;
    await this.refresh();
  }

  /** Asks for the newest page again; pages below it are asked for again when they are wanted. */
  async refresh(): Promise<void> {
    this.#load += 1;
    const load = this.#load;
    this.isLoading = true;
    this.error = null;
    try {
      const page = await listIncidents(this.#filter, PAGE);
      if (load !== this.#load) return;
      this.incidents = page.incidents;
      this.nextBefore = page.next_before;
      this.#tidy();
    } catch (reason) {
      if (load === this.#load) this.error = messageOf(reason);
    } finally {
      if (load === this.#load) this.isLoading = false;
    }
  }

  async loadMore(): Promise<void> {
    if (this.nextBefore === null) return;
    const load = this.#load;
    this.isLoadingMore = true;
    this.error = null;
    try {
      const page = await listIncidents(this.#filter, PAGE, this.nextBefore);
      if (load !== this.#load) return;
      this.incidents = lists.withIncidents(this.incidents, page.incidents);
      this.nextBefore = page.next_before;
    } catch (reason) {
      this.error = messageOf(reason);
    } finally {
      this.isLoadingMore = false;
    }
  }

  /** A new alarm: its incident is shown where any of its alarms is asked for. */
  arrive(alarm: Alarm): void {
    const { incident_id } = alarm.alarm;
    const isKnown = this.incidents.some(({ id }) => id === incident_id);
    if (!isKnown && !lists.alarmMatches(alarm, this.#filter, this.#me)) return;
    const isFirst = incident_id === alarm.id;
    if (isKnown || isFirst) this.incidents = lists.withAlarm(this.incidents, alarm);
    else void this.#fetch(incident_id);
    this.#mark(incident_id);
  }

  async #fetch(incidentId: string): Promise<void> {
    const load = this.#load;
    const incident = await getIncident(incidentId).catch(() => null);
    if (incident !== null && load === this.#load)
      this.incidents = lists.withIncidents(this.incidents, [incident]);
  }

  #mark(incidentId: string): void {
    this.newIds = new Set([...this.newIds, incidentId]);
    setTimeout(() => {
      this.newIds = new Set([...this.newIds].filter((id) => id !== incidentId));
    }, NEW_MS);
  }

  step(event: RelayEvent): void {
    this.incidents = lists.withStep(this.incidents, event);
  }

  picture(eventId: string, url: string): void {
    this.incidents = lists.withPicture(this.incidents, eventId, url);
  }

  /** What was handled, here or elsewhere; incidents that are no longer asked for go. */
  handled(handled: readonly Handled[]): void {
    const at = this.lines.findIndex(({ key }) => key === this.cursor);
    const next = lists.withHandled(this.incidents, handled);
    const isKept = (incident: Incident, index: number) =>
      incident === this.incidents[index] || lists.matches(incident, this.#filter, this.#me);
    this.incidents = next.filter(isKept);
    const unknown = handled.filter(
      ({ id }) => !next.some(({ alarms }) => alarms.some((one) => one.id === id)),
    );
    const incidentIds = new Set(unknown.map(({ alarm }) => alarm.incident_id));
    // One that was closed may be asked for again.
    if (incidentIds.size > 3) void this.refresh();
    else for (const id of incidentIds) void this.#fetchIfAsked(id);
    this.#tidy();
    if (this.cursor === null && at >= 0)
      this.cursor = this.lines[Math.min(at, this.lines.length - 1)]?.key ?? null;
  }

  async #fetchIfAsked(incidentId: string): Promise<void> {
    const load = this.#load;
    const oldest = this.incidents.at(-1);
    if (this.nextBefore !== null && oldest !== undefined && incidentId < oldest.id) return;
    const incident = await getIncident(incidentId).catch(() => null);
    if (incident === null || load !== this.#load) return;
    if (lists.matches(incident, this.#filter, this.#me))
      this.incidents = lists.withIncidents(this.incidents, [incident]);
  }

  /** Forgets lines that are gone. */
  #tidy(): void {
    const keys = new Set(this.lines.map(({ key }) => key));
    if (this.cursor !== null && !keys.has(this.cursor)) this.cursor = null;
    if ([...this.chosen].some((key) => !keys.has(key)))
      this.chosen = new Set([...this.chosen].filter((key) => keys.has(key)));
  }

  move(steps: number): void {
    const at = this.lines.findIndex(({ key }) => key === this.cursor);
    const to = at < 0 ? (steps > 0 ? 0 : this.lines.length - 1) : at + steps;
    this.cursor = this.lines[Math.max(0, Math.min(to, this.lines.length - 1))]?.key ?? null;
  }

  choose(key: string, isChosen: boolean): void {
    const others = [...this.chosen].filter((one) => one !== key);
    this.chosen = new Set(isChosen ? [...others, key] : others);
  }

  chooseAll(): void {
    this.chosen = new Set(this.incidents.map(({ id }) => id));
  }

  chooseNone(): void {
    this.chosen = new Set();
  }

  fold(incidentId: string, isUnfolded: boolean): void {
    const others = [...this.unfolded].filter((one) => one !== incidentId);
    this.unfolded = new Set(isUnfolded ? [...others, incidentId] : others);
    this.#tidy();
  }
}
