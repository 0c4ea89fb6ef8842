// MQTT brokers in the relay's REST API: what it sends and takes, and the calls.
//
// Not here: how the pages hold what is typed (`mqtt/`).

import { call } from './client';

export type BrokerState = 'off' | 'connecting' | 'connected' | 'waiting';

/** What can be set, as the API shows it. Secrets are never shown. */
export interface BrokerSettings {
  name: string;
  address: string;
  is_enabled: boolean;
  topic_prefix: string;
  user: string | null;
  fingerprint: string | null;
  qos: number;
  sends_events: boolean;
  event_filter: string | null;
  sends_scenes: boolean;
  has_home_assistant: boolean;
  discovery_prefix: string;
}

export interface Broker extends BrokerSettings {
  id: string;
  has_password: boolean;
  has_certificate: boolean;
  state: BrokerState;
  connected_since: string | null;
  /** Of MQTT. */
  version: string | null;
  retry_in_s: number | null;
  last_error: string | null;
  advice: string | null;
  last_error_at: string | null;
  /** Steps of events that wait. */
  queue: number;
  delivered: number;
  last_delivered_at: string | null;
  dead: number;
  dropped: number;
  scenes: number;
  scenes_lost: number;
}

/** `password`, `certificate`, `key`: absent = keep, "" = remove, text = set. */
export interface BrokerInput extends BrokerSettings {
  password?: string;
  certificate?: string;
  key?: string;
}

export interface BrokerTestStep {
  step: 'find' | 'connect' | 'secure' | 'websocket' | 'sign_in' | 'publish' | 'read_back';
  verdict: 'passed' | 'unsure' | 'failed';
  text: string;
  advice: string | null;
}

export interface BrokerTest {
  is_ok: boolean;
  steps: BrokerTestStep[];
  /** The broker's certificate where it was refused. */
  certificate_sha256: string | null;
}

/** A test walks up to seven steps of up to 5 s each on the relay's side. */
const TEST_LIMIT_MS = 40_000;
/** A removal waits for the broker to take back what it holds. */
const CHANGE_LIMIT_MS = 20_000;

const id = encodeURIComponent;

export const listBrokers = async () => (await call<{ brokers: Broker[] }>('GET', '/brokers')).brokers;
export const addBroker = (input: BrokerInput) => call<Broker>('POST', '/brokers', input, CHANGE_LIMIT_MS);
export const putBroker = (brokerId: string, input: BrokerInput) =>
  call<Broker>('PUT', `/brokers/${id(brokerId)}`, input, CHANGE_LIMIT_MS);
export const deleteBroker = (brokerId: string) =>
  call<unknown>('DELETE', `/brokers/${id(brokerId)}`, undefined, CHANGE_LIMIT_MS);
export const testBroker = (brokerId: string) =>
  call<BrokerTest>('POST', `/brokers/${id(brokerId)}/test`, undefined, TEST_LIMIT_MS);
/** Tries settings before they are saved; `brokerId`: whose stored secrets are used. */
export const testBrokerDraft = (broker: BrokerInput, brokerId?: string) =>
  call<BrokerTest>(
    'POST',
    '/broker_test',
    brokerId === undefined ? { broker } : { id: brokerId, broker },
    TEST_LIMIT_MS,
  );
export const replayBroker = (brokerId: string) =>
  call<{ replayed: number }>('POST', `/brokers/${id(brokerId)}/replay`);
