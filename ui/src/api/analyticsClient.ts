// Calls of the REST API about programs, schedules, sightings, counts and software.

import { BASE, call, csrfHeader, query } from './client';
import { ApiError, parseError } from './errors';
import type * as api from './analytics';
import type * as soft from './software';
import type { CameraInput } from './types';

/** A try replays up to a day of stored tracks: up to 20 s on the relay's side. */
const TRY_LIMIT_MS = 30_000;
const id = encodeURIComponent;
const camera = (cameraId: string) => `/cameras/${id(cameraId)}`;

export const listSchedules = async () =>
  (await call<{ schedules: api.Schedule[] }>('GET', '/schedules')).schedules;
export const addSchedule = (input: api.ScheduleInput) => call<api.Schedule>('POST', '/schedules', input);
export const putSchedule = (scheduleId: string, input: api.ScheduleInput & { revision: number }) =>
  call<api.Schedule>('PUT', `/schedules/${id(scheduleId)}`, input);
export const deleteSchedule = (scheduleId: string) => call<unknown>('DELETE', `/schedules/${id(scheduleId)}`);
export const previewSchedule = (schedule: api.ScheduleInput) =>
  call<api.SchedulePreview>('POST', '/schedules/preview', { schedule });

export const getWhy = (cameraId: string, at: string | null, ruleId: number | null) =>
  call<api.WhyAnswer>(
    'GET',
    `${camera(cameraId)}/why${query({ at, rule_id: ruleId })}`,
    undefined,
    TRY_LIMIT_MS,
  );
export const tryDraft = (cameraId: string, document: CameraInput, from: string, until: string) =>
  call<api.TryAnswer>('POST', `${camera(cameraId)}/try`, { document, from, until }, TRY_LIMIT_MS);
export const getCost = (cameraId: string, programs: api.Programs) =>
  call<api.Cost>('POST', `${camera(cameraId)}/cost`, { programs });
export const getCounts = async (
  cameraId: string,
  filter: { rule_id: number; metric?: api.Metric; from: string; until: string; interval: api.Interval },
) => (await call<{ rows: api.CountRow[] }>('GET', `${camera(cameraId)}/counts${query(filter)}`)).rows;
export const getHealth = (cameraId: string, from: string, until: string) =>
  call<api.SceneHealth>('GET', `${camera(cameraId)}/health${query({ from, until })}`);
export const getScores = (cameraId: string, zone_id: number | null) =>
  call<api.Scores>('GET', `${camera(cameraId)}/scores${query({ zone_id })}`);
export const correctCount = (cameraId: string, correction: api.Correction) =>
  call<api.Corrected>('POST', `${camera(cameraId)}/counts/corrections`, correction);
export const getHeatMap = (cameraId: string, kind: 'dwell' | 'passage', from: string, until: string) =>
  call<api.HeatMap>('GET', `${camera(cameraId)}/heatmap${query({ kind, from, until })}`);
export const programsLiveUrl = (cameraId: string) => `${BASE}${camera(cameraId)}/programs/live`;

export const listSightings = (filter: api.SightingFilter) =>
  call<{ sightings: api.Sighting[]; next_before: string | null }>('GET', `/sightings${query(filter)}`);

export const listDeviceAccounts = async () =>
  (await call<{ accounts: soft.DeviceAccount[] }>('GET', '/device_accounts')).accounts;
/** `password`: absent = keep. */
export const putDeviceAccount = (name: string, input: { level: soft.DeviceLevel; password?: string }) =>
  call<soft.DeviceAccount>('PUT', `/device_accounts/${id(name)}`, input);
export const deleteDeviceAccount = (name: string) => call<unknown>('DELETE', `/device_accounts/${id(name)}`);

export const getSoftware = () => call<soft.Software>('GET', '/software');
export const startProgram = (program: string, cameraId: string | null) =>
  call<unknown>('POST', `/software/${id(program)}/start`, { camera_id: cameraId });
export const stopProgram = (program: string, cameraId: string | null) =>
  call<unknown>('POST', `/software/${id(program)}/stop`, { camera_id: cameraId });
export const uninstallProgram = (program: string) => call<unknown>('DELETE', `/software/${id(program)}`);
export const rollBackProgram = (program: string) =>
  call<unknown>('POST', `/software/${id(program)}/roll_back`);
export const listPublishers = async () =>
  (await call<{ publishers: soft.Publisher[] }>('GET', '/publishers')).publishers;
export const addPublisher = (input: { key: string; name: string }) =>
  call<soft.Publisher>('POST', '/publishers', input);
export const removePublisher = (fingerprint: string) =>
  call<unknown>('DELETE', `/publishers/${id(fingerprint)}`);
export const getControlLog = (before: number | null) =>
  call<soft.ControlLog>('GET', `/control_log${query({ before, limit: 50 })}`);
export const controlLogCsvUrl = `${BASE}/control_log.csv`;

/** Sends a package; `onProgress` hears the share sent, 0..=1. */
export const installProgram = (file: File, onProgress: (share: number) => void) =>
  upload<soft.SoftwareProgram>('/software', file, onProgress, 'application/octet-stream');

/** Sends a model: its manifest and its network. */
export function installModel(manifest: File, network: File, onProgress: (share: number) => void) {
  const form = new FormData();
  form.set('manifest', manifest);
  form.set('network', network);
  return upload<{ name: string; kind: 'detector' | 'embedding' | 'attributes' }>('/models', form, onProgress);
}

function upload<T>(
  path: string,
  body: File | FormData,
  onProgress: (share: number) => void,
  contentType?: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${BASE}${path}`);
    request.setRequestHeader(...csrfHeader());
    if (contentType !== undefined) request.setRequestHeader('Content-Type', contentType);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onerror = () =>
      reject(new ApiError(0, 'unreachable', 'The file could not be sent: the connection broke.'));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T);
      else reject(parseError(request.status, request.responseText));
    };
    request.send(body);
  });
}
