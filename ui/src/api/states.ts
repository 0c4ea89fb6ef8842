// What the REST API says about learnt states, and the calls.

import { BASE, call, query } from './client';
import type { Point } from './types';

export interface StateName {
  id: number;
  name: string;
}

export interface StateRule {
  id: number;
  name: string;
  state_id: number;
  /** The alarm is about every other state instead. */
  is_not: boolean;
  for_s: number;
  is_enabled: boolean;
  schedule_id: string | null;
  /** Under which its events are stored; only in replies. */
  rule_id?: number;
}

/** A region of the picture whose states are learnt. */
export interface StateDetector {
  id: number;
  name: string;
  points: Point[];
  states: StateName[];
  settle_s: number;
  /** Minutes between pictures kept for labelling; null keeps none. */
  collect_every_min: number | null;
  rules: StateRule[];
}

export interface StateSettings {
  is_enabled: boolean;
  schedule_id: string | null;
  detectors: StateDetector[];
}

export interface Verdict {
  outcome: 'sure' | 'like_none' | 'between' | 'untaught';
  text: string;
  /** The most likely one. */
  state_id: number | null;
  likelihood: number;
  likelihoods: { state_id: number; likelihood: number }[];
}

/** What one detector shows now. */
export interface DetectorLive {
  detector_id: number;
  /** The state that counts; null while it is not known. */
  state_id: number | null;
  since: string | null;
  verdict: Verdict | null;
  hidden: 'objects' | 'picture' | 'change' | null;
  hidden_text: string | null;
  n_examples: number;
}

export interface StateExample {
  id: number;
  captured_at: string;
  light: 'colour' | 'grey';
  /** null: waits for a label. */
  state_id: number | null;
  who: string | null;
  labelled_at: string | null;
  verdict: Verdict | null;
}

export interface StateVersion {
  version: number;
  at: string;
  who: string;
  what: 'add' | 'relabel' | 'remove' | 'roll_back';
  state_id: number | null;
  n_examples: number;
}

export interface StateExamples {
  pictures: StateExample[];
  n_right: number;
  n_wrong: number;
  n_unsure: number;
  /** How good they are, and what to do next. */
  advice: string;
  max_examples: number;
  max_waiting: number;
  picture_bytes: number;
  max_picture_bytes: number;
  versions: StateVersion[];
}

export interface StateChange {
  at: string;
  state_id: number | null;
  likelihood: number;
}

const path = (cameraId: string, detectorId: number) =>
  `/cameras/${encodeURIComponent(cameraId)}/states/${detectorId}`;

export const getExamples = (cameraId: string, detectorId: number) =>
  call<StateExamples>('GET', `${path(cameraId, detectorId)}/examples`);
/** The camera's present picture becomes an example. */
export const addExample = (cameraId: string, detectorId: number, state_id: number, anyway = false) =>
  call<{ id: number }>('POST', `${path(cameraId, detectorId)}/examples`, { state_id, anyway });
export const labelExample = (cameraId: string, detectorId: number, example: number, state_id: number) =>
  call<unknown>('PUT', `${path(cameraId, detectorId)}/examples/${example}`, { state_id });
export const removeExample = (cameraId: string, detectorId: number, example: number) =>
  call<unknown>('DELETE', `${path(cameraId, detectorId)}/examples/${example}`);
export const rollBackExamples = (cameraId: string, detectorId: number, version: number) =>
  call<unknown>('POST', `${path(cameraId, detectorId)}/roll_back`, { version });
export const getStateHistory = (cameraId: string, detectorId: number, from: string, until: string) =>
  call<{ changes: StateChange[]; is_cut: boolean }>(
    'GET',
    `${path(cameraId, detectorId)}/history${query({ from, until })}`,
  );
export const examplePictureUrl = (cameraId: string, detectorId: number, example: number) =>
  `${BASE}${path(cameraId, detectorId)}/examples/${example}/picture.jpg`;
