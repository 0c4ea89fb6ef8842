// What the mock server starts with: five cameras in different states, sixty alarms, two webhooks.

import { entryLine, fieldLine, startPrograms } from './mock-programs.mjs';
import { objectsAt } from './street.mjs';

export const seconds = (ago) => new Date(Date.now() - ago * 1000).toISOString();

const idle = {
  cause: null,
  retry_in_s: null,
  resolution: null,
  fps: null,
  bit_rate_bps: null,
  frame_age_s: null,
  mode_in_use: null,
  http_status: null,
  auth_scheme: null,
  certificate_sha256: null,
  analysed_fps: null,
  dropped: 0,
  decode_errors: 0,
  detect_errors: 0,
  reconnects: 0,
  is_motion: false,
  tracks: 0,
  advice: [],
};

export const receiving = (url, edit = {}) => ({
  ...idle,
  state: 'receiving',
  url,
  resolution: { width_px: 1920, height_px: 1080 },
  fps: 5.0,
  bit_rate_bps: 7_200_000,
  frame_age_s: 0.1,
  mode_in_use: 'stream',
  http_status: 200,
  auth_scheme: 'Digest',
  analysed_fps: 5.0,
  dropped: 2,
  is_motion: true,
  tracks: 3,
  ...edit,
});

export const CERTIFICATE = '9f3c51d2a7784be60c1192ffae35d40b6617c8e290ab43dd8ee5f10277b9c604';

export const failures = {
  password: {
    ...idle,
    state: 'failed',
    http_status: 401,
    auth_scheme: 'Digest',
    cause: {
      code: 'wrong_password',
      meaning: 'The camera refused the user name or password.',
      message: 'get http://192.168.0.23/cgi-bin/mjpeg: camera rejected user "viewer" (http 401)',
      advice:
        'Check both on the camera’s own page. airelay waits before it tries again, so that the camera does not lock the account.',
    },
    retry_in_s: 300,
    reconnects: 2,
  },
  refused: {
    ...idle,
    state: 'waiting',
    cause: {
      code: 'connection_refused',
      meaning: 'Nothing answers at this address and port.',
      message: 'connect to 192.168.0.24:80: connection refused',
      advice: 'Check the port, and that the camera’s web server is switched on.',
    },
    retry_in_s: 8,
    reconnects: 14,
  },
  certificate: {
    ...idle,
    state: 'failed',
    certificate_sha256: CERTIFICATE,
    cause: {
      code: 'certificate_not_trusted',
      meaning: 'The camera’s certificate is self-signed.',
      message: 'connect to 192.168.0.40:443: certificate is not trusted',
      advice: 'Compare the fingerprint with the one on the camera’s own page, then trust this certificate.',
    },
  },
};

const link = (host, path, edit = {}) => ({
  protocol: 'http',
  host,
  port: null,
  path,
  user: 'viewer',
  has_password: true,
  mode: 'automatic',
  channel: 1,
  fingerprint: null,
  one_shot_fps: 5,
  ...edit,
});

const camera = (id, name, cameraLink, status, edit = {}) => ({
  id,
  name,
  is_enabled: true,
  link: cameraLink,
  zones: [],
  masks: [],
  rules: [],
  motion_sensitivity: 5,
  has_ipro_output: false,
  clips: { is_on: true, before_s: 5, after_s: 10, max_fps: 10, quota_mb: 2_000, days: 30 },
  revision: 1,
  last_event: null,
  relayed_by: null,
  status: { ...status, url: `${cameraLink.protocol}://${cameraLink.host}/${cameraLink.path}` },
  ...edit,
});

const pavement = [
  [0.03, 0.44],
  [0.55, 0.43],
  [0.58, 0.62],
  [0.02, 0.63],
];
const lawn = [
  [0.45, 0.84],
  [0.97, 0.8],
  [0.99, 0.99],
  [0.7, 0.95],
  [0.42, 0.99],
];
const rule = (id, zoneId, name, classes, edit = {}) => ({
  id,
  name,
  kind: 'intruder',
  zone_id: zoneId,
  classes,
  dwell_s: 2,
  sensitivity: 5,
  is_enabled: true,
  ...edit,
});

export const startCameras = () => [
  camera(
    'front-door',
    'Front door',
    link('192.168.0.21', 'nphMotionJpeg?Resolution=1920x1080'),
    receiving(''),
    {
      zones: [
        { id: 1, name: 'Pavement', points: pavement },
        { id: 2, name: 'Lawn', points: lawn },
      ],
      lines: [fieldLine, entryLine],
      object_masks: [],
      programs: startPrograms(),
      masks: [
        {
          id: 1,
          name: 'Street lamp',
          points: [
            [0.86, 0.02],
            [0.98, 0.02],
            [0.98, 0.3],
            [0.88, 0.32],
          ],
        },
      ],
      rules: [
        rule(1, 1, 'Person on the pavement', ['person']),
        rule(2, 2, 'Anybody on the lawn', ['person', 'bicycle'], { dwell_s: 0, sensitivity: 7 }),
        rule(3, 2, 'Car on the lawn', ['car', 'truck', 'bus'], { is_enabled: false }),
        { id: 4, name: 'Over the kerb', kind: 'cross_line', line_id: 1, classes: ['person'], ways: 'both' },
      ],
    },
  ),
  camera(
    'yard',
    'Yard (night)',
    link('192.168.0.22', 'axis-cgi/mjpg/video.cgi?fps=5'),
    receiving('', {
      fps: 12.4,
      bit_rate_bps: 18_600_000,
      resolution: { width_px: 1280, height_px: 720 },
      auth_scheme: 'Basic',
      dropped: 731,
      tracks: 1,
      advice: [
        {
          code: 'fps_high',
          message:
            'The camera sends 12.4 fps; 4.0 to 6.0 is recommended. Lower the frame rate on the camera.',
        },
      ],
    }),
  ),
  camera('car-park', 'Car park', link('192.168.0.23', 'cgi-bin/mjpeg'), failures.password),
  camera('loading-bay', 'Loading bay', link('192.168.0.24', 'video.mjpg'), failures.refused),
  camera(
    'old-gate',
    'Old gate',
    link('gate.local', 'snap.jpg', { mode: 'one_shot' }),
    { ...idle, state: 'off' },
    { is_enabled: false },
  ),
];

/** Frame number and object that an alarm's picture is drawn from. */
export function shotSource(number) {
  const seed = number % 3 === 0 ? 2 : 1;
  for (let n = (number * 23) % 150; ; n += 1) {
    const fitting = objectsAt(seed, n).filter(({ bbox, class: klass }) => {
      const whole = bbox[0] > 0.02 && bbox[2] < 0.98;
      return (
        whole &&
        (number % 5 === 4 ? klass === 'car' : number % 7 === 6 ? klass === 'bicycle' : klass === 'person')
      );
    });
    if (fitting.length > 0) return { seed, n, object: fitting[number % fitting.length] };
  }
}

export function makeEvent(number, startedAgo, phase) {
  const { seed, object } = shotSource(number);
  const yard = seed === 2;
  const id = `01J${String(number).padStart(23, '0')}`;
  const duration = 4 + ((number * 7) % 38);
  const zone = yard ? [1, 'Yard'] : object.bbox[3] > 0.8 ? [2, 'Lawn'] : [1, 'Pavement'];
  return {
    id,
    camera_id: yard ? 'yard' : 'front-door',
    camera_name: yard ? 'Yard (night)' : 'Front door',
    program: 'vmd',
    rule_id: zone[0],
    rule_name: yard ? 'Intruder' : zone[1] === 'Lawn' ? 'Anybody on the lawn' : 'Person on the pavement',
    kind: 'intruder',
    zone_id: zone[0],
    zone_name: zone[1],
    phase,
    started_at: seconds(startedAgo),
    ended_at: phase === 'end' ? seconds(startedAgo - duration) : null,
    at: seconds(phase === 'end' ? startedAgo - duration : startedAgo),
    track_id: 100 + number,
    class: object.class,
    score: 0.62 + ((number * 13) % 35) / 100,
    bbox: object.bbox,
    why: [
      { gate: 'class', passed: true, text: object.class },
      { gate: 'score', passed: true, text: `${(0.62 + ((number * 13) % 35) / 100).toFixed(2)} of 0.45` },
      { gate: 'inside', passed: true, text: zone[1] },
      { gate: 'dwell', passed: true, text: '2.0 s of 2.0 s' },
    ],
    shot: {
      url: `/api/v1/events/${id}/shot.jpg`,
      stage: phase === 'end' ? 'final' : 'early',
      width_px: 180,
      height_px: 320,
      quality: { size: 0.72, sharpness: 0.81, whole: 1, confidence: 0.88, exposure: 0.93, total: 0.84 },
    },
  };
}

export const startEvents = () => {
  let ago = 0;
  return Array.from({ length: 60 }, (_, n) => {
    ago += 40 + ((n * n * 37) % 2400);
    return makeEvent(60 - n, ago, 'end');
  });
};

export const startWebhooks = () => [
  {
    id: '1',
    name: 'Control room',
    url: 'https://alarms.example.net/airelay',
    is_enabled: true,
    has_secret: true,
    headers: [{ name: 'X-Api-Key' }],
    fingerprint: null,
    has_picture_inside: false,
    timeout_s: 10,
    queue: 0,
    last_delivered_at: seconds(95),
    last_error: null,
    dead: 0,
  },
  {
    id: '2',
    name: 'Gate script',
    url: 'http://192.168.0.9:9000/hook',
    is_enabled: true,
    has_secret: false,
    headers: [],
    fingerprint: null,
    has_picture_inside: false,
    timeout_s: 10,
    queue: 37,
    last_delivered_at: seconds(8400),
    last_error: 'POST http://192.168.0.9:9000/hook: connection refused',
    dead: 2,
  },
];

export const presets = [
  {
    id: 'ipro-mjpeg',
    vendor: 'i-PRO',
    label: 'i-PRO (stream)',
    mode: 'stream',
    resolutions: [
      [1920, 1080],
      [1280, 720],
      [640, 360],
    ],
    has_stream: true,
    has_channel: true,
    has_fps: true,
    note: 'Allow MJPEG and choose 5 fps on the camera’s page.',
  },
  {
    id: 'axis-mjpeg',
    vendor: 'AXIS',
    label: 'AXIS (stream)',
    mode: 'stream',
    resolutions: [
      [1920, 1080],
      [1280, 720],
    ],
    has_stream: false,
    has_channel: true,
    has_fps: true,
    note: '',
  },
  {
    id: 'hanwha-mjpeg',
    vendor: 'Hanwha',
    label: 'Hanwha (stream)',
    mode: 'stream',
    resolutions: [[1920, 1080]],
    has_stream: true,
    has_channel: false,
    has_fps: false,
    note: 'The profile’s number is chosen by the stream field.',
  },
  {
    id: 'bosch-oneshot',
    vendor: 'Bosch',
    label: 'Bosch (one shot)',
    mode: 'one_shot',
    resolutions: [
      [1920, 1080],
      [1280, 720],
    ],
    has_stream: false,
    has_channel: false,
    has_fps: false,
    note: 'Bosch cameras may not reach 5 fps in this mode.',
  },
];

export const system = (isMotionOnly) => ({
  version: '0.1.0',
  started_at: seconds(200_000),
  detector: isMotionOnly
    ? null
    : {
        name: 'airelay-n',
        backend: 'ONNX Runtime',
        file_bytes: 4_100_000,
        input: [416, 256],
        licence: 'Apache-2.0',
      },
  is_motion_only: isMotionOnly,
  workers: 2,
  detector_note: null,
  store: {
    size_bytes: 84_300_000,
    free_bytes: 118_000_000_000,
    events: 2418,
    waiting_events: 0,
    lost_events: 0,
    lost_pictures: 0,
    error: null,
  },
  is_demo: false,
});

export const looks = () => [
  {
    name: 'person-attributes-0230',
    kind: 'attributes',
    licence: 'Apache-2.0',
    classes: ['person'],
    attributes: [
      { name: 'gender', is_sensitive: true },
      { name: 'bag', is_sensitive: false },
      { name: 'hat', is_sensitive: false },
    ],
    is_used: true,
    problem: null,
  },
  {
    name: 'person-reid-0287',
    kind: 'embedding',
    licence: 'Apache-2.0',
    classes: ['person'],
    attributes: [],
    is_used: false,
    problem: null,
  },
];

export const models = (chosen) => ({
  fixed: null,
  models: [
    { name: 'built-in', title: 'airelay-n', licence: 'Apache-2.0' },
    { name: 'yolox-nano', title: 'yolox-nano', licence: 'Apache-2.0 (Megvii YOLOX)' },
    { name: 'none', title: 'None: motion only', licence: '' },
  ].map((model) => ({ ...model, is_chosen: model.name === chosen })),
});

export const audit = () => ({
  next_before: null,
  entries: [
    {
      id: 2,
      at: seconds(400),
      who: 'anna',
      what: 'changed camera front-door',
      before: { link: { host: '192.168.0.11', password: '(hidden)' } },
      after: { link: { host: '192.168.0.12', password: '(hidden)' } },
    },
    { id: 1, at: seconds(9000), who: 'command line', what: 'added account bob', before: null, after: null },
  ],
});
