// What somebody looks for on the search page, and the request that asks for it. Pure.

import type { AttributeInput, ExampleInput, Hit, SearchInput } from '../api/search';
import { attributeName } from '../sightings/words';

export const MAX_EXAMPLES = 8;
export const PAGE = 48;

export type Program = 'people' | 'vehicle';
/** A chip is off, wanted, or left out. */
export type Wish = 'wanted' | 'excluded';
/** By attribute and value. */
export type Chips = Record<string, Record<string, Wish>>;

export interface Example {
  /** Unique on the page. */
  key: string;
  input: ExampleInput;
  /** What is shown of it. */
  url: string;
  isWanted: boolean;
}

export interface Question {
  program: Program;
  examples: Example[];
  chips: Chips;
  withUnknown: boolean;
  cameraId: string;
  className: string;
  /** As `datetime-local` has it; empty means open. */
  from: string;
  until: string;
  /** `zone/3` or `line/1` of the camera; empty means anywhere. */
  place: string;
  /** Degrees as text; empty means any. */
  heading: string;
  leastS: number | null;
  mostS: number | null;
  /** 0..=1. */
  leastSimilarity: number;
}

export const emptyQuestion = (program: Program): Question => ({
  program,
  examples: [],
  chips: {},
  withUnknown: true,
  cameraId: '',
  className: '',
  from: '',
  until: '',
  place: '',
  heading: '',
  leastS: null,
  mostS: null,
  leastSimilarity: 0,
});

/** "Find this again" leads to the page with the number of a sighting or of a best shot, and its picture. */
export function questionOf(query: URLSearchParams): Question {
  const start = emptyQuestion(query.get('program') === 'vehicle' ? 'vehicle' : 'people');
  const number = (name: string) => (/^\d+$/.test(query.get(name) ?? '') ? Number(query.get(name)) : null);
  const [sighting, shot] = [number('sighting'), number('shot')];
  const input: ExampleInput | null =
    sighting !== null ? { sighting_id: sighting } : shot !== null ? { shot_id: shot } : null;
  const picture = query.get('picture') ?? '';
  // Only pictures of this relay: the address may come from anywhere.
  const url = /^\/api\/v1\/[\w/.?=&-]+$/.test(picture) ? picture : '';
  return input === null ? start : { ...start, examples: [{ key: 'first', input, url, isWanted: true }] };
}

/** Off, wanted, left out, and off again. */
export const nextWish = (wish: Wish | undefined): Wish | undefined =>
  wish === undefined ? 'wanted' : wish === 'wanted' ? 'excluded' : undefined;

function ofWish(chips: Chips, wish: Wish): AttributeInput[] {
  return Object.entries(chips).flatMap(([name, values]) => {
    const chosen = Object.entries(values).filter(([, is]) => is === wish);
    return chosen.length === 0 ? [] : [{ name, values: chosen.map(([value]) => value) }];
  });
}

const seconds = (value: number | null) => (value === null || Number.isNaN(value) ? undefined : value);

/** The request for a question, from its `offset`-th answer on. */
export function request(question: Question, offset: number): SearchInput {
  const [kind, place] = question.place.split('/');
  const places = [{ camera_id: question.cameraId, id: Number(place) }];
  const wanted = ofWish(question.chips, 'wanted');
  const excluded = ofWish(question.chips, 'excluded');
  const input: SearchInput = {
    program: question.program,
    with_unknown: question.withUnknown,
    offset,
    limit: PAGE,
  };
  if (question.examples.length > 0)
    input.examples = question.examples.map(({ input, isWanted }) => ({ ...input, is_unwanted: !isWanted }));
  if (question.examples.some(({ isWanted }) => isWanted) && question.leastSimilarity > 0)
    input.least_similarity = question.leastSimilarity;
  if (question.cameraId !== '') input.cameras = [question.cameraId];
  if (question.className !== '') input.classes = [question.className];
  if (question.from !== '') input.from = new Date(question.from).toISOString();
  if (question.until !== '') input.until = new Date(question.until).toISOString();
  if (question.cameraId !== '' && kind === 'zone') input.zones = places;
  if (question.cameraId !== '' && kind === 'line') input.lines = places;
  if (question.heading !== '') input.heading = { deg: Number(question.heading), within_deg: 45 };
  const [least, most] = [seconds(question.leastS), seconds(question.mostS)];
  if (least !== undefined) input.dwell_least_s = least;
  if (most !== undefined) input.dwell_most_s = most;
  if (wanted.length > 0) input.attributes = wanted;
  if (excluded.length > 0) input.excluded = excluded;
  return input;
}

/** Why a hit stands where it does, in a few words each. */
export function reasons(hit: Hit, examples: Example[]): string[] {
  const texts = hit.by_example.map((similarity, index) => {
    const name = examples.length > 1 ? `example ${index + 1}` : 'example';
    const is = examples[index]?.isWanted === false ? 'unlike' : 'like';
    return `${is} ${name} ${similarity.toFixed(2)}`;
  });
  const told = hit.attributes.map(({ name, is_known, value, likelihood }) => {
    const what = attributeName(name).toLowerCase();
    if (!is_known) return `${what} unknown`;
    return `${what} ${value ?? ''}${likelihood === null ? '' : ` ${likelihood.toFixed(2)}`}`;
  });
  return [...(examples.length === hit.by_example.length ? texts : []), ...told];
}

/** Where hits stand on a common time axis: 0..=1 by their first and last moments. */
export function onAxis(hits: Hit[]): { from: number; until: number; at: (time: string) => number } {
  const times = hits.flatMap(({ sighting }) => [
    Date.parse(sighting.first_seen_at),
    Date.parse(sighting.last_seen_at),
  ]);
  const from = Math.min(...times);
  const until = Math.max(...times, from + 1000);
  return { from, until, at: (time) => (Date.parse(time) - from) / (until - from) };
}

/** Cameras of hits, those with most hits first. */
export function lanes(hits: Hit[]): { id: string; name: string; hits: Hit[] }[] {
  const byCamera = new Map<string, { id: string; name: string; hits: Hit[] }>();
  for (const hit of hits) {
    const { camera_id: id, camera_name: name } = hit.sighting;
    const lane = byCamera.get(id) ?? { id, name, hits: [] };
    lane.hits.push(hit);
    byCamera.set(id, lane);
  }
  return [...byCamera.values()].sort((a, b) => b.hits.length - a.hits.length || a.name.localeCompare(b.name));
}
