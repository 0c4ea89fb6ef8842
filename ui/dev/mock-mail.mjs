// Mail servers of the mock: one that works and held mails back, one that refuses, and what a test of each says.

const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const KINDS = [
  'intruder',
  'loitering',
  'direction',
  'wrong_way',
  'u_turn',
  'cross_line',
  'enter',
  'exit',
  'stopped',
  'object_left',
  'object_removed',
  'count_over_limit',
  'zone_sequence',
  'picture_problem',
  'signal_lost',
  'occupancy',
  'state',
  'watch_list',
];
const settings = {
  is_enabled: true,
  encryption: 'starttls',
  port: 587,
  fingerprint: null,
  user: 'airelay@example.net',
  from: 'airelay@example.net',
  timeout_s: 20,
  kinds: KINDS,
  has_ends: false,
  least_severity: 'info',
  max_per_hour: 30,
};
const quiet = {
  held_back: 0,
  held_since: null,
  queue: 0,
  delivered: 0,
  last_delivered_at: null,
  last_error: null,
  dead: 0,
  dropped: 0,
};

export const startMail = () => [
  {
    ...settings,
    ...quiet,
    id: '1',
    name: 'Guards',
    host: 'smtp.example.net',
    to: ['guards@example.net', 'night-shift@example.net'],
    held_back: 12,
    held_since: ago(1500),
    delivered: 212,
    last_delivered_at: ago(65),
  },
  {
    ...settings,
    ...quiet,
    id: '2',
    name: 'Site manager',
    host: '192.168.0.25',
    encryption: 'none',
    port: 25,
    user: '',
    to: ['manager@example.net'],
    kinds: ['intruder', 'signal_lost'],
    least_severity: 'high',
    queue: 3,
    last_error:
      'reach 192.168.0.25:25: connection refused: nothing listens on this port; look at address and port, whether the server runs, and whether a firewall is between',
  },
];

const PORTS = { tls: 465, starttls: 587, none: 25 };

/** Status and body of an answer. */
export async function mail(state, method, what, id, action, bodyOf) {
  if (what === 'mail_test') {
    const { mail: draft } = await bodyOf();
    const reach = `Reach ${draft.host}:${draft.port ?? PORTS[draft.encryption]}`;
    if (draft.host.startsWith('192.168.'))
      return [
        200,
        {
          is_ok: false,
          steps: [{ what: reach, is_ok: false, text: 'connection refused: nothing listens on this port' }],
          certificate_sha256: null,
        },
      ];
    const texts = [
      [reach, '192.0.2.25:587 answers'],
      ['Encrypt', 'TLS 1.3, certificate of a known authority'],
      ['Greet', `${draft.host} speaks SMTP`],
      ['Sign in', `signed in as "${draft.user}"`],
      [`Send a test mail to ${draft.to.length} recipients`, 'taken: 250 2.0.0 queued'],
    ];
    const steps = texts.map(([step, text]) => ({ what: step, is_ok: true, text }));
    return [200, { is_ok: true, steps, certificate_sha256: null }];
  }
  const index = state.mail.findIndex((item) => item.id === id);
  if (method === 'GET') return [200, { servers: state.mail }];
  if (id !== undefined && index < 0)
    return [404, { error: { code: 'not_found', message: `no mail server "${id}"` } }];
  if (action === 'replay') return [200, { replayed: 0 }];
  if (method === 'DELETE') return (state.mail.splice(index, 1), [204]);
  const { password: _, ...input } = await bodyOf();
  const before = state.mail[index] ?? { ...quiet, id: String(Date.now()) };
  const next = { ...before, port: PORTS[input.encryption], ...input };
  if (index >= 0) state.mail[index] = next;
  else state.mail.push(next);
  return [index >= 0 ? 200 : 201, next];
}
