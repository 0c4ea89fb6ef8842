// Alarms by e-mail in the relay's REST API: what it sends and takes, and the calls.
//
// Not here: how the pages hold what is typed (`mail/`).

import { call } from './client';

export type Encryption = 'tls' | 'starttls' | 'none';
export type LeastSeverity = 'info' | 'low' | 'medium' | 'high' | 'critical';

/** What can be set, as the API shows it. The password is never shown. */
export interface MailSettings {
  name: string;
  is_enabled: boolean;
  host: string;
  encryption: Encryption;
  fingerprint: string | null;
  /** Empty = signs in as nobody. */
  user: string;
  from: string;
  to: string[];
  timeout_s: number;
  kinds: string[];
  has_ends: boolean;
  least_severity: LeastSeverity;
  max_per_hour: number;
}

export interface MailServer extends MailSettings {
  id: string;
  port: number;
  /** Alarms beyond the hour's limit, told by the next mail. */
  held_back: number;
  held_since: string | null;
  queue: number;
  delivered: number;
  last_delivered_at: string | null;
  last_error: string | null;
  dead: number;
  dropped: number;
}

/** `password`: absent = keep. `port`: absent = the usual one. */
export interface MailInput extends MailSettings {
  port?: number;
  password?: string;
}

export interface MailTest {
  is_ok: boolean;
  steps: { what: string; is_ok: boolean; text: string }[];
  /** The server's certificate where it was refused. */
  certificate_sha256: string | null;
}

/** A test walks five steps of up to the set limit each. */
const TEST_LIMIT_MS = 120_000;

const id = encodeURIComponent;

export const listMail = async () => (await call<{ servers: MailServer[] }>('GET', '/mail')).servers;
export const addMail = (input: MailInput) => call<MailServer>('POST', '/mail', input);
export const putMail = (mailId: string, input: MailInput) =>
  call<MailServer>('PUT', `/mail/${id(mailId)}`, input);
export const deleteMail = (mailId: string) => call<unknown>('DELETE', `/mail/${id(mailId)}`);
export const replayMail = (mailId: string) =>
  call<{ replayed: number }>('POST', `/mail/${id(mailId)}/replay`);
/** Tries settings before they are saved; `mailId`: whose stored password is used. */
export const testMail = (mail: MailInput, mailId?: string) =>
  call<MailTest>('POST', '/mail_test', mailId === undefined ? { mail } : { id: mailId, mail }, TEST_LIMIT_MS);
