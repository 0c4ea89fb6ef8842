// The alarm filter as it stands in the address bar. Pure.

import type { EventFilter } from '../api/types';

const KEYS = ['camera', 'class', 'kind', 'from', 'until'] as const;
export type FilterKey = (typeof KEYS)[number];

export function filterOf(query: URLSearchParams): EventFilter {
  const filter: EventFilter = {};
  for (const key of KEYS) {
    const value = query.get(key);
    if (value !== null && value !== '') filter[key] = value;
  }
  return filter;
}

/** With the leading `?`; empty when nothing is filtered. */
export function queryOf(filter: EventFilter): string {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    const value = filter[key];
    if (value !== undefined && value !== '') query.set(key, value);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** UTC text to what an input of type datetime-local shows. */
export function toLocalInput(utc: string | undefined): string {
  if (utc === undefined) return '';
  const date = new Date(utc);
  if (Number.isNaN(date.getTime())) return '';
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

export function fromLocalInput(text: string): string | undefined {
  if (text === '') return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
