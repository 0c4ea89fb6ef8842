// Video management systems in the relay's REST API: what it sends and takes, and the calls.
//
// Not here: how the pages hold what is typed (`vms/`).

import { call } from './client';

export interface MilestoneSystem {
  type: 'milestone';
  notification_port: number;
  has_alarms: boolean;
  event_name: string;
  priority: number;
}

export interface GenetecSystem {
  type: 'genetec';
  application_id: string;
  base_path: string;
  first_event_number: number;
  alarm_id: string | null;
  has_bookmarks: boolean;
}

export type VmsSystem = MilestoneSystem | GenetecSystem;

export interface VmsMatch {
  vms_camera_id?: string | null;
  address?: string | null;
}

/** What can be set, as the API shows it. The password is never shown. */
export interface VmsSettings {
  name: string;
  is_enabled: boolean;
  host: string;
  is_tls: boolean;
  fingerprint: string | null;
  user: string;
  timeout_s: number;
  kinds: string[];
  has_ends: boolean;
  system: VmsSystem;
}

export interface Vms extends VmsSettings {
  id: string;
  port: number;
  matches: Record<string, VmsMatch>;
  /** What has to be defined in the VMS before anything is seen there. */
  to_define: string[];
  queue: number;
  delivered: number;
  last_delivered_at: string | null;
  last_error: string | null;
  dead: number;
  dropped: number;
}

/** `password`, `matches`: absent = keep. `port`: absent = the system's usual one. */
export interface VmsInput extends VmsSettings {
  port?: number;
  password?: string;
  matches?: Record<string, VmsMatch>;
}

export interface VmsTest {
  is_ok: boolean;
  steps: { what: string; is_ok: boolean; text: string }[];
  /** The server's certificate where it was refused. */
  certificate_sha256: string | null;
}

export interface VmsCameras {
  cameras: { id: string; name: string; address: string | null; channel: number | null }[];
  /** By our camera's id. */
  proposed: Record<string, string>;
}

/** A test walks up to four requests of up to the set limit each. */
const TEST_LIMIT_MS = 60_000;

const id = encodeURIComponent;

export const listVms = async () => (await call<{ servers: Vms[] }>('GET', '/vms')).servers;
export const addVms = (input: VmsInput) => call<Vms>('POST', '/vms', input);
export const putVms = (vmsId: string, input: VmsInput) => call<Vms>('PUT', `/vms/${id(vmsId)}`, input);
export const deleteVms = (vmsId: string) => call<unknown>('DELETE', `/vms/${id(vmsId)}`);
export const replayVms = (vmsId: string) => call<{ replayed: number }>('POST', `/vms/${id(vmsId)}/replay`);
export const makeCustomEvents = (vmsId: string) =>
  call<unknown>('POST', `/vms/${id(vmsId)}/custom_events`, undefined, TEST_LIMIT_MS);
export const vmsCameras = (vmsId: string) =>
  call<VmsCameras>('GET', `/vms/${id(vmsId)}/cameras`, undefined, TEST_LIMIT_MS);
/** Tries settings before they are saved; `vmsId`: whose stored password is used. */
export const testVms = (vms: VmsInput, vmsId?: string) =>
  call<VmsTest>('POST', '/vms_test', vmsId === undefined ? { vms } : { id: vmsId, vms }, TEST_LIMIT_MS);
