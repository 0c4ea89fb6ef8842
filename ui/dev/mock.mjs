// A stand-in for airelay: the whole REST contract on 127.0.0.1, with drawn pictures.
//
//   node dev/mock.mjs [--port 8192]      pages from dist/, API under /api/v1
//   GET /mock/scenario?name=setup|signed_out|empty|motion_only|default   changes what it plays
//
// Sign in with any name and the password "password"; three wrong ones lock for 30 s.

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { alarmOf, alarms, startAlarms } from './mock-alarms.mjs';
import { clips } from './mock-clips.mjs';
import { brokers, startBrokers } from './mock-brokers.mjs';
import * as data from './mock-data.mjs';
import { mail, startMail } from './mock-mail.mjs';
import * as programs from './mock-programs.mjs';
import { answerSearch, startSearch } from './mock-search.mjs';
import { FPS, frameJpeg, objectsAt, shotJpeg } from './street.mjs';

const port = Number(process.argv[process.argv.indexOf('--port') + 1]) || 8192;
const dist = new URL('../dist/', import.meta.url).pathname;
const MIME = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const PICTURES = { 'front-door': [1, false], yard: [2, true] };

const fresh = () => ({
  setup: false,
  user: { name: 'anna', role: 'administrator' },
  cameras: data.startCameras(),
  events: data.startEvents(),
  alarms: startAlarms(),
  webhooks: data.startWebhooks(),
  brokers: startBrokers(),
  mail: startMail(),
  site: programs.freshSite(),
  looks: data.looks(),
  search: startSearch(),
  motionOnly: false,
  wrong: 0,
  lockedUntil: 0,
});
let state = fresh();
const listeners = new Set();
let eventNumber = 60;

const frameNumber = () => Math.floor((Date.now() / 1000) * FPS);
const tell = (type, value) =>
  listeners.forEach((reply) => reply.write(`event: ${type}\ndata: ${JSON.stringify(value)}\n\n`));

function send(reply, status, value) {
  reply.writeHead(status, { 'Content-Type': 'application/json' });
  reply.end(value === undefined ? '' : JSON.stringify(value));
}
const fail = (reply, status, code, message, more = {}) =>
  send(reply, status, { error: { code, message, ...more } });
const jpeg = (reply, bytes) => {
  reply.writeHead(200, { 'Content-Type': 'image/jpeg', 'Cache-Control': 'no-store' });
  reply.end(bytes);
};

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}

function statusOf(link) {
  const path = link.path.replace(/^\//, '');
  const url = `${link.protocol}://${link.host}${link.port ? `:${link.port}` : ''}/${path}`;
  if (link.protocol === 'https' && link.fingerprint === null) return { ...data.failures.certificate, url };
  if (link.user === 'wrong') return { ...data.failures.password, url };
  if (link.host.endsWith('.99')) return { ...data.failures.refused, url };
  return data.receiving(url, {
    certificate_sha256: link.fingerprint,
    auth_scheme: link.user === '' ? null : 'Digest',
  });
}
const stored = ({ password, ...link }, before) => ({
  ...link,
  has_password: password === undefined ? (before?.has_password ?? false) : password !== '',
});

async function live(request, reply, id) {
  const [seed, isNight] = PICTURES[id] ?? [3, false];
  reply.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' });
  const timer = setInterval(() => {
    const n = frameNumber();
    const tracks = objectsAt(seed, n)
      .filter(({ bbox }) => bbox[2] - bbox[0] > 0.01)
      .map((object) => ({
        id: Number(object.id),
        class: object.class,
        score: 0.7 + (Number(object.id) % 7) * 0.04,
        state: object.id.endsWith('5') ? 'tentative' : 'confirmed',
        bbox: object.bbox,
        is_stationary: false,
      }));
    const isOn = tracks.some(
      ({ bbox, class: klass }) => klass === 'person' && bbox[3] < 0.63 && bbox[0] < 0.55,
    );
    const json = Buffer.from(
      JSON.stringify({
        seq: n,
        captured_at: new Date().toISOString(),
        tracks,
        motion: tracks.map(({ bbox }) => bbox),
        active_zones: isOn ? [1] : [],
      }),
    );
    const picture = frameJpeg(seed, isNight, n);
    const head = (bytes) =>
      Buffer.from([bytes >>> 24, (bytes >>> 16) & 255, (bytes >>> 8) & 255, bytes & 255]);
    if (!reply.writableNeedDrain)
      reply.write(Buffer.concat([head(json.length), json, head(picture.length), picture]));
  }, 1000 / FPS);
  request.on('close', () => clearInterval(timer));
}

function listEvents(reply, query) {
  const limit = Number(query.get('limit') ?? 50);
  const is = (name, value) => !query.has(name) || query.get(name) === value;
  const found = state.events.filter(
    (event) =>
      is('camera', event.camera_id) &&
      is('class', event.class) &&
      is('kind', event.kind) &&
      (!query.has('before') || event.id < query.get('before')) &&
      (!query.has('from') || event.started_at >= query.get('from')) &&
      (!query.has('until') || event.started_at <= query.get('until')),
  );
  send(reply, 200, {
    events: found.slice(0, limit),
    next_before: found.length > limit ? found[limit - 1].id : null,
  });
}

function stepsOf(event) {
  const step = (phase, n, at) => ({
    step: n,
    phase,
    at,
    class: event.class,
    score: event.score,
    bbox: event.bbox,
  });
  const begin = step('begin', 0, event.started_at);
  if (!event.ended_at) return [begin];
  const after = new Date(Date.parse(event.started_at) + 2000).toISOString();
  return [begin, step('update', 1, after), step('end', 2, event.ended_at)];
}

const WELL = { sharpness: 0.96, contrast: 0.9, exposure: 0.99, steadiness: 1, calm: 0.97 };
/** A scene that is seen well. */
const HEALTH = { now: WELL, complaint: null, limit: 0.5, step_s: 60, minutes: [] };

async function camera(request, reply, id, action) {
  const index = state.cameras.findIndex((item) => item.id === id);
  const found = state.cameras[index];
  if (!found) return fail(reply, 404, 'not_found', 'There is no such camera any more.');
  if (action === 'frame.jpg')
    return PICTURES[id] || (index > 4 && found.is_enabled)
      ? jpeg(reply, frameJpeg(...(PICTURES[id] ?? [3, false]), frameNumber()))
      : fail(reply, 404, 'no_frame', 'No picture yet.');
  if (action === 'live') return live(request, reply, id);
  if (action === 'enabled') {
    found.is_enabled = (await bodyOf(request)).is_enabled;
    found.status = found.is_enabled ? statusOf(found.link) : { ...found.status, state: 'off', cause: null };
    tell('camera', { id, status: found.status });
    return send(reply, 200, found);
  }
  if (action === 'health') return send(reply, 200, HEALTH);
  if (action === 'scores') return send(reply, 200, { days: 7, since: null, classes: {} });
  if (action !== undefined) return fail(reply, 404, 'not_found', `The mock has no ${action} of cameras.`);
  if (request.method === 'GET') return send(reply, 200, found);
  if (request.method === 'DELETE') {
    state.cameras.splice(index, 1);
    tell('settings', { camera_id: id });
    return send(reply, 204);
  }
  const input = await bodyOf(request);
  if (input.revision !== found.revision)
    return fail(
      reply,
      409,
      'changed_meanwhile',
      'Somebody else changed this camera meanwhile. Load it again.',
    );
  const link = stored(input.link, found.link);
  state.cameras[index] = { ...input, link, revision: found.revision + 1, status: statusOf(link) };
  tell('settings', { camera_id: id });
  return send(reply, 200, state.cameras[index]);
}

async function session(request, reply) {
  if (request.method === 'GET')
    return send(reply, 200, {
      setup_required: state.setup,
      user: state.user,
      csrf_token: 'mock',
      version: '0.1.0',
    });
  if (request.method === 'DELETE') {
    state.user = null;
    return send(reply, 204);
  }
  const { name, password } = await bodyOf(request);
  const lockedS = Math.ceil((state.lockedUntil - Date.now()) / 1000);
  if (lockedS > 0) return fail(reply, 429, 'locked', 'Too many wrong passwords.', { retry_after_s: lockedS });
  if (password !== 'password') {
    state.wrong += 1;
    if (state.wrong >= 3) [state.wrong, state.lockedUntil] = [0, Date.now() + 30_000];
    return fail(reply, 401, 'bad_login', 'The name or the password is wrong.');
  }
  state.user = { name, role: 'administrator' };
  return send(reply, 200, {});
}

async function webhooks(request, reply, id, action) {
  const index = state.webhooks.findIndex((item) => item.id === id);
  if (action === 'test')
    return id === '1'
      ? send(reply, 200, {
          is_ok: true,
          message: 'the receiver took the test event',
          certificate_sha256: null,
        })
      : send(reply, 200, {
          is_ok: false,
          message: 'POST http://192.168.0.9:9000/hook: connection refused',
          certificate_sha256: null,
        });
  if (request.method === 'GET') return send(reply, 200, { webhooks: state.webhooks });
  if (request.method === 'DELETE') return (state.webhooks.splice(index, 1), send(reply, 204));
  const { secret, ...input } = await bodyOf(request);
  const before = state.webhooks[index] ?? {
    id: String(Date.now()),
    has_secret: false,
    headers: [],
    queue: 0,
    last_delivered_at: null,
    last_error: null,
    dead: 0,
  };
  const next = { ...before, ...input, has_secret: secret === undefined ? before.has_secret : secret !== '' };
  if (index >= 0) state.webhooks[index] = next;
  else state.webhooks.push(next);
  return send(reply, 200, next);
}

async function api(request, reply, url) {
  const [what, id, action] = url.pathname.replace('/api/v1/', '').split('/').map(decodeURIComponent);
  if (what === 'session') return session(request, reply);
  if (request.method !== 'GET' && request.headers['x-csrf-token'] !== 'mock')
    return fail(reply, 403, 'csrf', 'The page is out of date. Load it again.');
  if (what === 'setup') {
    const { token, name } = await bodyOf(request);
    if (token !== 'abc')
      return fail(
        reply,
        403,
        'bad_token',
        'This setup link is not valid any more. Start airelay again to get a new one.',
      );
    state = { ...fresh(), user: { name, role: 'administrator' }, cameras: [], events: [] };
    return send(reply, 200, {});
  }
  if (state.user === null) return fail(reply, 401, 'signed_out', 'Please sign in.');
  if (clips({ reply, url, state, send, shotSource: data.shotSource })) return undefined;
  if (await alarms({ request, reply, url, state, tell, bodyOf, send, stepsOf })) return undefined;
  const isSearched = await answerSearch(
    {
      method: request.method,
      parts: url.pathname.split('/').slice(3),
      url,
      body: () => bodyOf(request),
    },
    {
      state: state.search,
      send: (status, value) => (send(reply, status, value), true),
      all: (program) => programs.sightings(new URLSearchParams({ program, limit: '40' })).sightings,
    },
  );
  if (isSearched) return undefined;
  if (await programs.answer({ request, reply, url, state, bodyOf, send, fail, jpeg })) return undefined;
  if (what === 'cameras' && id !== undefined) return camera(request, reply, id, action);
  if (what === 'cameras' && request.method === 'GET') return send(reply, 200, { cameras: state.cameras });
  if (what === 'cameras') {
    const { name, link } = await bodyOf(request);
    const next = {
      ...data.startCameras()[1],
      id: `camera-${state.cameras.length + 1}`,
      name,
      link: stored(link),
      status: statusOf(link),
    };
    state.cameras.push(next);
    return send(reply, 201, next);
  }
  if (what === 'link_test') {
    const status = statusOf((await bodyOf(request)).link);
    const image =
      status.state === 'receiving'
        ? `data:image/jpeg;base64,${frameJpeg(3, false, frameNumber()).toString('base64')}`
        : null;
    return setTimeout(() => send(reply, 200, { status, image }), 700);
  }
  if (what === 'presets' && id === undefined) return send(reply, 200, { presets: data.presets });
  if (what === 'presets')
    return send(reply, 200, {
      path: `${id}/video.mjpg?${url.searchParams}`,
      mode: data.presets.find((preset) => preset.id === id).mode,
    });
  if (what === 'events' && id === undefined) return listEvents(reply, url.searchParams);
  if (what === 'events') {
    const event = state.events.find((item) => item.id === id);
    if (!event) return fail(reply, 404, 'not_found', 'This alarm is no longer stored.');
    const source = data.shotSource(Number(id.slice(3)));
    if (action === 'shot.jpg')
      return jpeg(reply, shotJpeg(source.seed, source.seed === 2, source.n, source.object.bbox).jpeg);
    return send(reply, 200, { ...event, steps: stepsOf(event) });
  }
  if (what === 'system') return send(reply, 200, data.system(state.motionOnly));
  if (what === 'models') {
    if (request.method === 'POST') {
      request.resume();
      state.looks.push({ ...data.looks()[1], name: 'osnet-x025', is_used: false });
      return send(reply, 201, { name: 'osnet-x025', kind: 'embedding' });
    }
    if (request.method === 'DELETE') {
      state.looks = state.looks.filter(({ name }) => name !== id);
      return send(reply, 204);
    }
    const body = request.method === 'PUT' ? await bodyOf(request) : {};
    if (id === 'chosen') state.model = body.name;
    for (const model of state.looks) if (model.name === action) model.is_used = body.is_used;
    return send(reply, 200, { ...data.models(state.model ?? 'built-in'), looks: state.looks });
  }
  if (what === 'audit') return send(reply, 200, data.audit());
  if (what === 'webhooks') return webhooks(request, reply, id, action);
  if (what === 'brokers' || what === 'broker_test')
    return send(reply, ...(await brokers(state, request.method, what, id, action, () => bodyOf(request))));
  if (what === 'mail' || what === 'mail_test')
    return send(reply, ...(await mail(state, request.method, what, id, action, () => bodyOf(request))));
  if (what === 'changes') {
    reply.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    reply.write(': hello\n\n');
    listeners.add(reply);
    return request.on('close', () => listeners.delete(reply));
  }
  return fail(reply, 404, 'not_found', 'There is no such page.');
}

function page(reply, path) {
  const wanted = join(dist, normalize(path));
  const file =
    wanted.startsWith(dist) && existsSync(wanted) && statSync(wanted).isFile()
      ? wanted
      : join(dist, 'index.html');
  reply.writeHead(200, {
    'Content-Type': MIME[extname(file)] ?? 'application/octet-stream',
    'Content-Security-Policy':
      "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  });
  createReadStream(file).pipe(reply);
}

function play(name) {
  state = fresh();
  if (name === 'setup') Object.assign(state, { setup: true, user: null, cameras: [] });
  if (name === 'signed_out') state.user = null;
  if (name === 'empty')
    Object.assign(state, { cameras: [], events: [], webhooks: [], brokers: [], mail: [] });
  state.motionOnly = name === 'motion_only';
}

setInterval(() => {
  for (const item of state.cameras.filter(({ status }) => status.state === 'receiving')) {
    item.status = {
      ...item.status,
      fps: (item.id === 'yard' ? 12.3 : 4.9) + Math.random() * 0.2,
      frame_age_s: Math.random() * 0.2,
      dropped: item.status.dropped,
    };
    tell('camera', { id: item.id, status: item.status });
  }
}, 1000);
function alarm() {
  if (state.cameras.length === 0) return null;
  const begun = data.makeEvent((eventNumber += 1), 0, 'begin');
  state.events.unshift(begun);
  tell('event', begun);
  tell('alarm', alarmOf(state, begun));
  setTimeout(() => {
    const ended = {
      ...begun,
      phase: 'end',
      at: data.seconds(0),
      ended_at: data.seconds(0),
      shot: { ...begun.shot, stage: 'final' },
    };
    state.events = state.events.map((event) => (event.id === begun.id ? ended : event));
    tell('event', ended);
  }, 9000);
  return begun;
}
setInterval(alarm, 25_000);

createServer((request, reply) => {
  const url = new URL(request.url, 'http://mock');
  if (url.pathname === '/mock/scenario') return (play(url.searchParams.get('name')), send(reply, 200, {}));
  if (url.pathname === '/mock/alarm') return send(reply, 200, alarm());
  if (!url.pathname.startsWith('/api/v1/')) return page(reply, url.pathname);
  api(request, reply, url).catch((error) => fail(reply, 500, 'mock', String(error)));
}).listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${port}`));
