// The filter of alarms as it stands in the address bar. Pure.

import type { AlarmFilter } from '../api/alarms';

const KEYS = [
  'state',
  'severity',
  'camera',
  'rule',
  'kind',
  'class',
  'assignee',
  'reason',
  'from',
  'until',
] as const;
export type FilterKey = (typeof KEYS)[number];

export function filterOf(query: URLSearchParams): AlarmFilter {
  const filter: AlarmFilter = {};
  for (const key of KEYS) {
    const value = query.get(key);
    if (value !== null && value !== '') filter[key] = value;
  }
  return filter;
}

/** With the leading `?`; empty when nothing is filtered. */
export function queryOf(filter: AlarmFilter): string {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    const value = filter[key];
    if (value !== undefined && value !== '') query.set(key, value);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** The lists one click away. */
export const VIEWS: { name: string; label: string; filter: AlarmFilter }[] = [
  { name: 'open', label: 'To do', filter: {} },
  { name: 'new', label: 'New', filter: { state: 'new' } },
  { name: 'mine', label: 'Mine', filter: { assignee: 'me' } },
  { name: 'closed', label: 'Closed', filter: { state: 'closed' } },
  { name: 'all', label: 'All', filter: { state: 'all' } },
];

/** Which of them a filter shows, whatever else it asks for; null for none. */
export function viewOf({ state, assignee }: AlarmFilter): string | null {
  const view = VIEWS.find(({ filter }) => filter.state === state && filter.assignee === assignee);
  return view?.name ?? null;
}

/** Changes the view and keeps the rest of the filter. */
export function withView(filter: AlarmFilter, name: string): AlarmFilter {
  const { state: _state, assignee: _assignee, reason: _reason, ...rest } = filter;
  return { ...rest, ...VIEWS.find((view) => view.name === name)?.filter };
}
