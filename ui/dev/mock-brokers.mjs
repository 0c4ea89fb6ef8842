// MQTT brokers of the mock server: one that works, one that refuses, and what a test of each says.

const settings = {
  is_enabled: true,
  topic_prefix: 'airelay',
  user: 'airelay',
  has_password: true,
  has_certificate: false,
  fingerprint: null,
  qos: 1,
  sends_events: true,
  event_filter: null,
  sends_scenes: false,
  has_home_assistant: false,
  discovery_prefix: 'homeassistant',
};
const quiet = {
  state: 'connecting',
  connected_since: null,
  version: null,
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
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();

export const startBrokers = () => [
  {
    ...settings,
    ...quiet,
    id: '1',
    name: 'Home',
    address: 'mqtt://homeassistant.local:1883',
    has_home_assistant: true,
    sends_scenes: true,
    state: 'connected',
    connected_since: ago(5 * 3600),
    version: '5',
    delivered: 182,
    last_delivered_at: ago(40),
    scenes: 41_120,
    scenes_lost: 3,
  },
  {
    ...settings,
    ...quiet,
    id: '2',
    name: 'Plant',
    address: 'mqtts://10.0.4.2:8883',
    topic_prefix: 'plant-3/airelay',
    state: 'waiting',
    retry_in_s: 12,
    last_error: 'check the certificate of 10.0.4.2:8883: it is not the trusted one',
    advice: 'If the certificate shown is the broker’s own, trust it; else check the address.',
    last_error_at: ago(3),
    fingerprint: '5f'.repeat(32),
    queue: 14,
    delivered: 3021,
    last_delivered_at: ago(3600),
    dead: 2,
  },
];

const passed = (step, text) => ({ step, verdict: 'passed', text, advice: null });

function test(broker) {
  if (/10\.0\.4\.2/.test(broker.address))
    return {
      is_ok: false,
      certificate_sha256: 'a7'.repeat(32),
      steps: [
        passed('connect', '10.0.4.2:8883 answers'),
        {
          step: 'secure',
          verdict: 'failed',
          text: 'check the certificate of 10.0.4.2:8883: it is not the trusted one',
          advice: 'If the certificate shown is the broker’s own, trust it; else check the address.',
        },
      ],
    };
  return {
    is_ok: true,
    certificate_sha256: null,
    steps: [
      passed('find', 'homeassistant.local is 192.168.0.20'),
      passed('connect', '192.168.0.20:1883 answers'),
      passed('sign_in', 'signed in as "airelay", MQTT 5'),
      passed('publish', 'the broker acknowledged a test message'),
      passed('read_back', 'the test message came back, so others receive it too'),
    ],
  };
}

/** Answers a call about brokers: what to send, and with which status. */
export async function brokers(state, method, what, id, action, body) {
  if (what === 'broker_test') return [200, test((await body()).broker)];
  const index = state.brokers.findIndex((item) => item.id === id);
  if (action === 'test') return [200, test(state.brokers[index])];
  if (action === 'replay') {
    const replayed = state.brokers[index].dead;
    state.brokers[index] = { ...state.brokers[index], dead: 0 };
    return [200, { replayed }];
  }
  if (method === 'GET') return [200, { brokers: state.brokers }];
  if (method === 'DELETE') return (state.brokers.splice(index, 1), [204, undefined]);
  const { password, certificate, key, ...input } = await body();
  const before = state.brokers[index] ?? { ...settings, ...quiet, id: String(Date.now()) };
  const next = { ...before, ...input };
  if (password !== undefined) next.has_password = password !== '';
  if (certificate !== undefined && key !== undefined) next.has_certificate = certificate !== '';
  if (index >= 0) state.brokers[index] = next;
  else state.brokers.push(next);
  return [200, next];
}
