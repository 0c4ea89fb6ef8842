// Words of the MQTT pages. Pure, so that they can be tested.

import type { Broker, BrokerInput, BrokerState, BrokerTest, BrokerTestStep } from '../api/brokers';
import type { StateWords, TestResult } from '../sinks/sinks';

export const STEP_WORDS: Record<BrokerTestStep['step'], string> = {
  find: 'Find the host',
  connect: 'Connect',
  secure: 'Secure the connection',
  websocket: 'Open a WebSocket',
  sign_in: 'Sign in',
  publish: 'Publish',
  read_back: 'Read it back',
};

/** A test as the pages show it. */
export function resultOf(test: BrokerTest): TestResult {
  const steps = test.steps.map(({ step, verdict, text, advice }) => ({
    what: STEP_WORDS[step],
    verdict,
    text,
    advice,
  }));
  return { isOk: test.is_ok, steps, certificate: test.certificate_sha256 };
}

export function stateWords(state: BrokerState): StateWords {
  switch (state) {
    case 'connected':
      return { text: 'Connected', icon: 'check', tone: 'ok' };
    case 'connecting':
      return { text: 'Connecting', icon: 'spinner', tone: 'busy' };
    case 'waiting':
      return { text: 'Not connected', icon: 'warning', tone: 'bad' };
    case 'off':
      return { text: 'Switched off', icon: 'power', tone: 'off' };
  }
}

/** What a broker is told, as a short list. */
export function toldWords(broker: Broker): string {
  const parts = [
    broker.sends_events ? 'events' : '',
    broker.sends_scenes ? 'scenes' : '',
    broker.has_home_assistant ? 'Home Assistant' : '',
  ].filter((part) => part !== '');
  if (parts.length === 0) return 'Nothing yet';
  const text = parts.join(', ');
  return text[0] === 'H' ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** A saved broker's settings as they are sent; secrets stay as they are stored. */
export function inputOf(broker: Broker): BrokerInput {
  const { name, address, is_enabled, topic_prefix, user, fingerprint, qos } = broker;
  const { sends_events, event_filter, sends_scenes, has_home_assistant, discovery_prefix } = broker;
  return {
    name,
    address,
    is_enabled,
    topic_prefix,
    user,
    fingerprint,
    qos,
    sends_events,
    event_filter,
    sends_scenes,
    has_home_assistant,
    discovery_prefix,
  };
}

/** What is wrong with a typed address, if it is plain at once. */
export function addressError(address: string): string | undefined {
  return /^(mqtts?|wss?):\/\/[^/\s]+/i.test(address.trim())
    ? undefined
    : 'Type a whole address, such as mqtts://broker.example:8883.';
}

export const isSecure = (address: string): boolean => /^(mqtts|wss):/i.test(address.trim());
