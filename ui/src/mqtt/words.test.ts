import { expect, test } from 'vitest';
import type { Broker } from '../api/brokers';
import { addressError, inputOf, isSecure, toldWords } from './words';

const broker: Broker = {
  id: '1',
  name: 'Home',
  address: 'mqtts://b:8883',
  is_enabled: true,
  topic_prefix: 'airelay',
  user: 'ann',
  has_password: true,
  has_certificate: false,
  fingerprint: null,
  qos: 1,
  sends_events: true,
  event_filter: null,
  sends_scenes: false,
  has_home_assistant: true,
  discovery_prefix: 'homeassistant',
  state: 'connected',
  connected_since: null,
  version: '5',
  retry_in_s: null,
  last_error: null,
  advice: null,
  last_error_at: null,
  queue: 0,
  delivered: 0,
  last_delivered_at: null,
  dead: 0,
  dropped: 0,
  scenes: 0,
  scenes_lost: 0,
};

test('what a broker is told is said in one line', () => {
  expect(toldWords(broker)).toBe('Events, Home Assistant');
  expect(toldWords({ ...broker, sends_events: false })).toBe('Home Assistant');
  expect(toldWords({ ...broker, sends_events: false, has_home_assistant: false })).toBe('Nothing yet');
});

test('settings are sent back without states and without secrets', () => {
  const input = inputOf(broker);
  expect(Object.keys(input)).not.toContain('queue');
  expect(Object.keys(input)).not.toContain('password');
  expect(input.user).toBe('ann');
});

test('addresses are whole ones of MQTT', () => {
  for (const address of ['mqtt://b', 'mqtts://b:8883', ' ws://b/mqtt', 'WSS://b'])
    expect(addressError(address)).toBeUndefined();
  for (const address of ['', 'b:1883', 'http://b', 'mqtt://']) expect(addressError(address)).toBeDefined();
  expect(isSecure('mqtts://b') && isSecure('wss://b') && !isSecure('mqtt://b')).toBe(true);
});
