// Alarms: events with what people do about them. Types of the JSON, and the calls.

import { BASE, call, query, sendBytes } from './client';
import type { CameraSettings, EventStep, RelayEvent } from './types';

export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical';
export type AlarmState = 'new' | 'acknowledged' | 'assigned' | 'closed';
export type CloseReason = 'real' | 'false_alarm' | 'test' | 'authorised' | 'other';
export type HandlingKind = 'acknowledge' | 'assign' | 'release' | 'close' | 'reopen' | 'note' | 'export';

/** How an alarm is handled. */
export interface Handling {
  /** Id of the alarm that began the incident. */
  incident_id: string;
  severity: Severity;
  state: AlarmState;
  assignee: string | null;
  reason: CloseReason | null;
  revision: number;
  n_notes: number;
  changed_at: string;
  /** It came in quiet hours: it makes no sound. */
  is_quiet: boolean;
}

export interface Alarm extends RelayEvent {
  alarm: Handling;
}

/** Alarms that belong together, as they came. */
export interface Incident {
  id: string;
  alarms: Alarm[];
}

export interface HistoryEntry {
  at: string;
  who: string;
  kind: HandlingKind;
  assignee: string | null;
  reason: CloseReason | null;
  text: string;
  revision: number;
}

export interface AlarmDetail extends Alarm {
  steps: EventStep[];
  history: HistoryEntry[];
}

/** As it stands in the address bar: lists separated by commas; no state means all that are not closed. */
export interface AlarmFilter {
  state?: string;
  severity?: string;
  camera?: string;
  rule?: string;
  kind?: string;
  class?: string;
  assignee?: string;
  reason?: string;
  from?: string;
  until?: string;
}

export interface IncidentPage {
  incidents: Incident[];
  next_before: string | null;
}

/** What is done, without the alarms. */
export interface Deed {
  kind: Exclude<HandlingKind, 'export'>;
  assignee?: string;
  reason?: CloseReason;
  text?: string;
}

export interface Handled {
  id: string;
  alarm: Handling;
}

export interface HandleResult {
  handled: Handled[];
  conflicts: (Handled & { message: string; since: HistoryEntry[] })[];
  refused: { id: string; message: string }[];
}

export interface OpenCount {
  state: AlarmState;
  severity: Severity;
  n_alarms: number;
}

/** What would have kept a false alarm away. */
export interface Proposal {
  kind: 'score' | 'size' | 'time' | 'parked' | 'stationary' | 'health' | 'limit' | 'mask';
  title: string;
  text: string;
  /** Parts of the camera's settings that replace the present ones. */
  change: Partial<Omit<CameraSettings, 'link'>>;
  /** null: there was no time to try it. */
  tried: { n_left: number; n_real_lost: number; is_prevented: boolean | null } | null;
}

export interface ProposalList {
  hours: number;
  n_scenes: number;
  n_present: number;
  n_real: number;
  revision: number;
  proposals: Proposal[];
}

export interface Noise {
  n_alarms: number;
  n_closed: number;
  n_false: number;
  false_share: number | null;
  camera_days: number;
  per_camera_day: number | null;
}

export interface NoisyRule {
  camera_id: string;
  camera_name: string;
  rule_id: number;
  rule_name: string;
  kind: string;
  now: Noise;
  before: Noise;
}

export interface NoiseReport {
  from: string;
  until: string;
  rules: NoisyRule[];
}

/** What is right and wrong with evidence. */
export interface Verdict {
  is_genuine: boolean;
  signed_by: 'us' | 'named' | 'unknown' | 'broken' | 'nobody';
  signature: string;
  fingerprint: string | null;
  made_at: string | null;
  made_by: string | null;
  alarms: string[];
  n_intact: number;
  problems: string[];
}

export interface CameraGroup {
  name: string;
  cameras: string[];
}

export interface AlarmSettings {
  together_s: number;
  groups: CameraGroup[];
  quiet_schedule_id: string | null;
  loud_from: Severity | null;
  revision: number;
  is_quiet: boolean;
}

const id = encodeURIComponent;
export const OPEN_STATES = 'new,acknowledged,assigned';

/** The filter as the API takes it. */
export const asked = ({ state, ...rest }: AlarmFilter) => ({
  ...rest,
  state: state === undefined ? OPEN_STATES : state === 'all' ? undefined : state,
});

export const listIncidents = (filter: AlarmFilter, limit: number, before?: string) =>
  call<IncidentPage>('GET', `/incidents${query({ ...asked(filter), limit, before })}`);
export const getIncident = (incidentId: string) => call<Incident>('GET', `/incidents/${id(incidentId)}`);
export const getAlarm = (alarmId: string) => call<AlarmDetail>('GET', `/alarms/${id(alarmId)}`);
export const handleAlarms = (alarms: readonly Alarm[], deed: Deed) =>
  call<HandleResult>('POST', '/alarms/handle', {
    ...deed,
    alarms: alarms.map(({ id: alarmId, alarm }) => ({ id: alarmId, revision: alarm.revision })),
  });
export const getOpenCounts = async () => (await call<{ counts: OpenCount[] }>('GET', '/alarms/open')).counts;
export const listPeople = async () => (await call<{ names: string[] }>('GET', '/alarms/people')).names;
export const getAlarmSettings = () => call<AlarmSettings>('GET', '/alarms/settings');
export const putAlarmSettings = (settings: Omit<AlarmSettings, 'is_quiet'>) =>
  call<AlarmSettings>('PUT', '/alarms/settings', settings);

/** Replays hours of stored scenes several times: up to 20 s on the relay's side. */
const PROPOSALS_LIMIT_MS = 30_000;
const UPLOAD_LIMIT_MS = 120_000;
export const listProposals = (alarmId: string, hours: number) =>
  call<ProposalList>(
    'GET',
    `/alarms/${id(alarmId)}/proposals${query({ hours })}`,
    undefined,
    PROPOSALS_LIMIT_MS,
  );
export const getReport = (until?: string) => call<NoiseReport>('GET', `/alarms/report${query({ until })}`);
export const reportCsvUrl = (until?: string) => `${BASE}/alarms/report.csv${query({ until })}`;
/** The signed zip file. */
export async function takeEvidence(alarms: readonly Alarm[]): Promise<Blob> {
  const body = JSON.stringify({ alarms: alarms.map(({ id: alarmId }) => alarmId) });
  const answer = await sendBytes('POST', '/alarms/evidence', body, 'application/json', UPLOAD_LIMIT_MS);
  return answer.blob();
}
export const getEvidenceKey = () => call<{ public_key: string; fingerprint: string }>('GET', '/evidence/key');
export async function verifyEvidence(file: Blob, key: string): Promise<Verdict> {
  const path = `/evidence/verify${query({ key: key.trim() })}`;
  const answer = await sendBytes('POST', path, file, 'application/zip', UPLOAD_LIMIT_MS);
  return (await answer.json()) as Verdict;
}
