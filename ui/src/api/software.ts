// What the REST API says about the software manager: programs, publishers, control log, device accounts.

import type { ProgramSettings, ProgramStatus } from './analytics';
import type { ObjectClass } from './types';

export interface SoftwareCamera {
  camera_id: string;
  camera_name: string;
  is_enabled: boolean;
  status: ProgramStatus;
  status_text: string;
  ms_per_frame: number | null;
  schedule_id: string | null;
}

/** One setting of an installed program, as its package describes it. */
export type ExtensionSetting = { name: string; label: string; help: string; unit: string } & (
  | { kind: 'switch'; default: boolean }
  | { kind: 'whole' | 'number'; default: number; min: number; max: number }
  | { kind: 'text'; default: string; max_chars: number }
  | { kind: 'choice'; default: string; options: string[] }
  | { kind: 'zone' | 'line'; default: null }
  | { kind: 'classes'; default: ObjectClass[] }
);

export type ExtensionSettings = ProgramSettings & { settings: Record<string, unknown> };

/** Somebody whose signed packages are accepted. */
export interface Publisher {
  name: string;
  key: string;
  fingerprint: string;
}

export interface SoftwareProgram {
  id: string;
  name: string;
  version: string;
  sdk_version: string;
  is_builtin: boolean;
  status: ProgramStatus;
  status_text: string;
  storage_bytes: number;
  memory_bytes: number;
  /** Of an installed program, by its package. */
  publisher: string | null;
  description: string | null;
  /** The version that can be brought back. */
  previous_version: string | null;
  settings: ExtensionSetting[];
  cameras: SoftwareCamera[];
}

export interface Software {
  device_id: string;
  storage: { total_bytes: number; free_bytes: number };
  memory: { total_bytes: number; free_bytes: number };
  sdk_version: string;
  version: string;
  load: { cores: number; used_share: number };
  programs: SoftwareProgram[];
}

export interface ControlLogRow {
  id: number;
  at: string;
  who: string;
  what: string;
  before: string | null;
  after: string | null;
  hash: string;
}

export interface ControlLog {
  rows: ControlLogRow[];
  is_chain_intact: boolean;
  /** The first row whose seal does not fit. */
  broken_at?: number | null;
  next_before: number | null;
}

export type DeviceLevel = 'User' | 'Operator' | 'Administrator';

/** For cameras' own protocols, such as CGI and ONVIF; opens no web page. */
export interface DeviceAccount {
  name: string;
  level: DeviceLevel;
}
