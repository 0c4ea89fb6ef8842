// The list of alarms under a filter: pages of stored ones, and live arrivals on top.

import { listEvents } from '../api/client';
import { messageOf } from '../api/errors';
import type { EventFilter, RelayEvent } from '../api/types';
import { matches, withEvents, withShot } from './reducers';

const PAGE = 50;
/** How long an arrival stays marked. */
const NEW_MS = 8_000;

export class AlarmList {
  events = $state.raw<RelayEvent[]>([]);
  newIds = $state.raw<ReadonlySet<string>>(new Set());
  isLoading = $state(true);
  isLoadingMore = $state(false);
  error = $state<string | null>(null);
  nextBefore = $state<string | null>(null);
  #filter: EventFilter = {};
  /** Counts loads, so that a slow answer to an old filter is not shown. */
  #load = 0;

  async load(filter: EventFilter): Promise<void> {
    this.#filter = filter;
    this.events = [];
    this.nextBefore = null;
    await this.refresh();
  }

  /** Asks for the newest page again and merges it in; what is shown stays. */
  async refresh(): Promise<void> {
    this.#load += 1;
    const load = this.#load;
    this.isLoading = true;
    this.error = null;
    try {
      const page = await listEvents({ ...this.#filter, limit: PAGE });
      if (load !== this.#load) return;
      const isFirst = this.events.length === 0;
      const newestKnown = this.events[0]?.id;
      const hasGap =
        !isFirst && newestKnown !== undefined && !page.events.some(({ id }) => id <= newestKnown);
      // More than a page came while the connection was away: start over rather than hide a gap.
      this.events = isFirst || hasGap ? page.events : withEvents(this.events, page.events);
      if (isFirst || hasGap) this.nextBefore = page.next_before;
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
      const page = await listEvents({ ...this.#filter, limit: PAGE, before: this.nextBefore });
      if (load !== this.#load) return;
      this.events = withEvents(this.events, page.events);
      this.nextBefore = page.next_before;
    } catch (reason) {
      this.error = messageOf(reason);
    } finally {
      this.isLoadingMore = false;
    }
  }

  arrive(event: RelayEvent): void {
    const isKnown = this.events.some(({ id }) => id === event.id);
    if (!matches(event, this.#filter)) return;
    // A step of an alarm further back than what is loaded comes with its page.
    const oldest = this.events.at(-1);
    if (!isKnown && this.nextBefore !== null && oldest !== undefined && event.id < oldest.id) return;
    this.events = withEvents(this.events, [event]);
    if (isKnown) return;
    this.newIds = new Set([...this.newIds, event.id]);
    setTimeout(() => {
      this.newIds = new Set([...this.newIds].filter((id) => id !== event.id));
    }, NEW_MS);
  }

  picture(eventId: string, url: string): void {
    this.events = withShot(this.events, eventId, url);
  }
}
