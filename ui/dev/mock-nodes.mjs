// Other airelays that are guarded, for the stand-in. "10.9.9.9" is not there, "10.9.9.8" signed its own certificate.

const FINGERPRINT = '3f'.repeat(32);
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const camera = (id, name, host, programs, more = {}) => ({
  id,
  name,
  is_enabled: true,
  state: 'receiving',
  host,
  port: null,
  is_tls: false,
  channel: 1,
  programs: programs.map(([program, n]) => ({ program, n_parts: n })),
  ...more,
});
const node = (id, name, host, more = {}) => ({
  id,
  name,
  is_own: false,
  is_enabled: true,
  address: { host, port: 8092, is_tls: false, fingerprint: null },
  state: 'following',
  error: null,
  notice: null,
  version: '0.1.0',
  heard_at: ago(1),
  lag_s: 0,
  n_behind: 0,
  has_history_left: false,
  cameras: [],
  ...more,
});

export const startNodes = () => [
  node('west-gate', 'West gate', '192.168.20.5', {
    address: { host: '192.168.20.5', port: 8092, is_tls: true, fingerprint: FINGERPRINT },
    cameras: [
      camera('west-gate.gate', 'Gate', '192.168.20.21', [
        ['vmd', 3],
        ['people', 0],
      ]),
      camera('west-gate.lot', 'Parking lot', '192.168.20.22', [['vehicle', 0]], { channel: 2 }),
    ],
  }),
  node('depot', 'Depot', '192.168.30.5', {
    state: 'waiting',
    error: 'read what is new: no answer in time: look whether it runs, and whether a firewall is between',
    heard_at: ago(3_720),
    lag_s: 3_720,
    cameras: [camera('depot.dock', 'Dock', '192.168.30.21', [['occupancy', 2]], { state: null })],
  }),
  node('old-mill', 'Old mill', '192.168.40.5', {
    is_enabled: false,
    state: 'off',
    heard_at: null,
    lag_s: null,
    version: null,
  }),
];

/** A VMS that knows three cameras, one of which is linked nowhere. */
const vms = {
  id: '1',
  name: 'Control room',
  is_enabled: true,
  host: '192.168.1.5',
  port: 443,
  is_tls: true,
  fingerprint: FINGERPRINT,
  user: 'airelay',
  timeout_s: 10,
  kinds: ['intruder'],
  has_ends: false,
  system: {
    type: 'milestone',
    notification_port: 9090,
    has_alarms: false,
    event_name: '{kind}',
    priority: 1,
  },
  matches: {},
  to_define: ['intruder'],
  queue: 0,
  delivered: 41,
  last_delivered_at: ago(60),
  last_error: null,
  dead: 0,
  dropped: 0,
};

export const answerVms = ({ action, reply, send }) =>
  send(
    reply,
    200,
    action === 'cameras'
      ? {
          cameras: [
            { id: 'a', name: 'West gate', address: '192.168.20.21', channel: 1 },
            { id: 'b', name: 'Lot', address: '192.168.20.22', channel: 2 },
            { id: 'c', name: 'Roof', address: '192.168.20.99', channel: null },
          ],
          proposed: { 'west-gate.gate': 'a', 'west-gate.lot': 'b' },
        }
      : { servers: [vms] },
  );

const own = (cameras) =>
  node('own', 'This airelay', '', {
    is_own: true,
    address: null,
    cameras: cameras.map((one) =>
      camera(one.id, one.name, one.link.host, [['vmd', one.rules.length]], {
        state: one.status.state,
        port: one.link.port,
      }),
    ),
  });

function check({ address, password }) {
  const step = (what, isOk, text) => ({ what, is_ok: isOk, text });
  const failed = (steps, certificate = null) => ({
    is_ok: false,
    steps,
    certificate_sha256: certificate,
    cameras: [],
  });
  if (address.host === '10.9.9.9')
    return failed([
      step('Reach it', false, 'Connection refused: look at address, port and SSL, and whether it runs'),
    ]);
  if (address.host === '10.9.9.8' && address.fingerprint === null)
    return failed(
      [
        step(
          'Reach it',
          false,
          'its certificate is not trusted: compare the fingerprint with the one that it shows, and trust it',
        ),
      ],
      FINGERPRINT,
    );
  const reached = step('Reach it', true, `airelay 0.1.0 answers at ${address.host}:${address.port}`);
  if (password !== 'password')
    return failed([
      reached,
      step('Sign in', false, 'wrong name or password: type name and password as on its own pages'),
    ]);
  return {
    is_ok: true,
    certificate_sha256: null,
    cameras: [{ id: 'yard', name: 'Yard' }],
    steps: [
      reached,
      step('Sign in', true, 'anna is an administrator there'),
      step('Version', true, '0.1.0, the same as here'),
      step('Cameras', true, '1 camera'),
    ],
  };
}

export async function answerNodes({ id, action, state, method, request, reply, bodyOf, send, fail }) {
  const { site } = state;
  const list = () => send(reply, 200, { nodes: [own(state.cameras), ...site.nodes] });
  if (method === 'GET') return list();
  const input = method === 'DELETE' ? {} : await bodyOf(request);
  if (id === 'check') return send(reply, 200, check(input));
  if (id === 'handle') {
    const isChosen = (one) => input.ids.includes(one.id);
    if (input.do === 'remove') site.nodes = site.nodes.filter((one) => !isChosen(one));
    else
      site.nodes.filter(isChosen).forEach((one) => {
        one.is_enabled = input.do === 'enable';
        one.state = one.is_enabled ? 'following' : 'off';
        one.error = null;
      });
    return list();
  }
  if (id === undefined) {
    if (!check(input).is_ok) return fail(reply, 502, 'bad_gateway', 'a step failed: check it first');
    const name = input.name || input.address.host;
    const made = node(name.toLowerCase().replace(/[^a-z0-9]+/g, '-'), name, input.address.host, {
      address: input.address,
      cameras: [camera('new.yard', 'Yard', '192.168.50.21', [['vmd', 1]])],
    });
    site.nodes.push(made);
    return send(reply, 201, made);
  }
  const found = site.nodes.find((one) => one.id === id);
  if (found === undefined) return fail(reply, 404, 'not_found', `no node "${id}"`);
  if (method === 'DELETE') {
    site.nodes = site.nodes.filter((one) => one !== found);
    return send(reply, 204);
  }
  if (action === 'login') Object.assign(found, { state: 'following', error: null });
  else Object.assign(found, input);
  return send(reply, 200, found);
}
