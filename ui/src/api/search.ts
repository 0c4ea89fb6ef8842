// What the REST API says about searching people and vehicles, and its calls.

import type { Sighting } from './analytics';
import { call } from './client';

/** Searching walks over all vectors and waits its turn. */
const SEARCH_LIMIT_MS = 40_000;

export interface SearchState {
  is_ready: boolean;
  n_read: number;
  n_sightings: number;
  len_bytes: number;
  makers: { maker: string; n_sightings: number }[];
  problem: string | null;
}

export interface ExampleInput {
  sighting_id?: number;
  shot_id?: number;
  /** A JPEG in base64, without a prefix. */
  picture?: string;
  /** left, top, right, bottom, 0..=1. */
  box?: [number, number, number, number];
  class?: string;
  is_unwanted?: boolean;
}

export interface AttributeInput {
  name: string;
  values: string[];
}

export interface SearchInput {
  examples?: ExampleInput[];
  least_similarity?: number;
  cameras?: string[];
  program?: 'people' | 'vehicle';
  classes?: string[];
  from?: string;
  until?: string;
  dwell_least_s?: number;
  dwell_most_s?: number;
  heading?: { deg: number; within_deg: number };
  zones?: { camera_id: string; id: number }[];
  lines?: { camera_id: string; id: number }[];
  attributes?: AttributeInput[];
  excluded?: AttributeInput[];
  with_unknown?: boolean;
  offset?: number;
  limit?: number;
}

export interface Hit {
  sighting: Sighting;
  score: number;
  /** Mean similarity to what is wanted; null without examples. */
  similarity: number | null;
  by_example: number[];
  attributes: { name: string; is_known: boolean; value: string | null; likelihood: number | null }[];
}

export interface SearchAnswer {
  hits: Hit[];
  maker: string | null;
  n_looked_at: number;
  n_not_comparable: number;
  next_offset: number | null;
  is_complete: boolean;
}

export interface Visit {
  camera_id: string;
  camera_name: string;
  from: string;
  until: string;
  after_s: number | null;
  sighting_ids: number[];
}

export const getSearchState = () => call<SearchState>('GET', '/search');
export const search = (input: SearchInput) => call<SearchAnswer>('POST', '/search', input, SEARCH_LIMIT_MS);
export const getJourney = async (sighting_ids: number[], gap_s: number) =>
  (await call<{ visits: Visit[] }>('POST', '/search/journey', { sighting_ids, gap_s })).visits;

export interface WatchListInput {
  name: string;
  purpose: string;
  owner: string;
  program: 'people' | 'vehicle';
  expires_at: string;
  /** 0.3..=1. */
  threshold: number;
  cameras: string[];
  is_enabled: boolean;
}

export interface WatchList extends WatchListInput {
  id: number;
  revision: number;
  state: 'active' | 'expired' | 'off' | 'empty';
  examples: { id: number; url: string; makers: string[] }[];
}

export const listWatchLists = async () =>
  (await call<{ watch_lists: WatchList[] }>('GET', '/watch_lists')).watch_lists;
export const addWatchList = (input: WatchListInput) => call<WatchList>('POST', '/watch_lists', input);
export const putWatchList = (id: number, input: WatchListInput & { revision: number }) =>
  call<WatchList>('PUT', `/watch_lists/${id}`, input);
export const deleteWatchList = (id: number) => call<unknown>('DELETE', `/watch_lists/${id}`);
export const addWatchExample = (id: number, input: ExampleInput) =>
  call<WatchList>('POST', `/watch_lists/${id}/examples`, input, SEARCH_LIMIT_MS);
export const deleteWatchExample = (id: number, exampleId: number) =>
  call<WatchList>('DELETE', `/watch_lists/${id}/examples/${exampleId}`);
