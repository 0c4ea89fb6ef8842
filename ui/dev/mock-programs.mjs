// The mock's programs, schedules, sightings, counts and software: canned data that slowly changes.
//
// In: what `mock.mjs` hands on. Out: answers by the REST contract. Nothing here decides like the
// program does: a try, a cost or a gate only has the right shape and moves plausibly.

import { answerNodes, answerVms, startNodes } from './mock-nodes.mjs';
import { answerTokens, startTokens } from './mock-tokens.mjs';
import { makeEvent } from './mock-data.mjs';
import { FPS, objectsAt, shotJpeg } from './street.mjs';

const DAY_MIN = 1440;
const iso = (ms) => new Date(ms).toISOString();
const office = () =>
  Array.from({ length: 7 }, (_, day) => (day < 5 ? [{ from: '08:00', until: '18:00' }] : []));

export const fieldLine = {
  id: 1,
  name: 'Kerb',
  points: [
    [0.02, 0.66],
    [0.98, 0.64],
  ],
};
export const entryLine = {
  id: 2,
  name: 'Passage',
  points: [
    [0.33, 0.45],
    [0.36, 0.55],
    [0.34, 0.62],
  ],
};

export const startPrograms = () => ({
  vmd: { is_enabled: true, schedule_id: null },
  people: {
    is_enabled: true,
    schedule_id: null,
    zone_ids: [],
    min_height_px: 24,
    attributes: true,
    further: [],
    visitors_window_s: 1800,
  },
  vehicle: {
    is_enabled: false,
    schedule_id: null,
    zone_ids: [],
    min_height_px: 24,
    attributes: true,
    further: [],
    visitors_window_s: 1800,
  },
  occupancy: {
    is_enabled: true,
    schedule_id: 'office',
    interval_s: 60,
    areas: [
      {
        id: 1,
        rule_id: 20_001,
        name: 'Pavement',
        zone_id: 1,
        classes: ['person'],
        warning: 2,
        threshold: 4,
        rise_s: 5,
        fall_s: 10,
        hysteresis: 1,
      },
    ],
    in_line_ids: [1],
  },
  counters: [
    {
      id: 1,
      rule_id: 10_001,
      name: 'Kerb',
      line_id: 1,
      classes: ['person', 'bicycle'],
      resets: ['00:00'],
      time_zone: 'Europe/Berlin',
      interval_s: 60,
    },
  ],
});

export const freshSite = () => ({
  schedules: [
    {
      id: 'office',
      name: 'Office hours',
      time_zone: 'Europe/Berlin',
      latitude: null,
      longitude: null,
      week: office(),
      exceptions: [{ date: '2026-12-25', name: 'Christmas Day', spans: [] }],
      revision: 1,
    },
    {
      id: 'night',
      name: 'Dusk to dawn',
      time_zone: 'Europe/Berlin',
      latitude: 52.52,
      longitude: 13.4,
      week: Array.from({ length: 7 }, () => [
        { from: '00:00', until: 'sunrise+30' },
        { from: 'sunset-15', until: '24:00' },
      ]),
      exceptions: [],
      revision: 3,
    },
  ],
  publishers: [
    {
      name: 'Gatehouse Analytics',
      key: `airelay-public-key:${'d75a980182b10ab7'.repeat(4)}`,
      fingerprint: 'd75a-9801-82b1-0ab7',
    },
  ],
  cleared: {},
  accounts: [
    { id: 1, name: 'anna', role: 'administrator', is_enabled: true, created_at: '2026-11-02T08:00:00Z' },
    { id: 2, name: 'Night shift', role: 'viewer', is_enabled: true, created_at: '2026-11-09T16:30:00Z' },
    { id: 3, name: 'max', role: 'administrator', is_enabled: false, created_at: '2026-11-03T10:12:00Z' },
  ],
  nodes: startNodes(),
  tokens: startTokens(),
  deviceAccounts: [],
  onvif: { is_enabled: true, is_discoverable: true, has_legacy_names: false },
  isTold: true,
  stopped: new Set(),
  installed: [
    {
      id: 'tailgate',
      name: 'Tailgating',
      version: '1.2.0',
      sdk_version: '1.0',
      is_builtin: false,
      status: 'faulted',
      status_text: 'stopped: used more than 64 MB of memory',
      storage_bytes: 412_000,
      memory_bytes: 64_000_000,
      publisher: 'Gatehouse Analytics',
      description: 'Alarms when two people pass a door in the same direction within a short time.',
      previous_version: '1.1.0',
      settings: [
        {
          name: 'door',
          label: 'Door',
          help: 'A line drawn across the door.',
          unit: '',
          kind: 'line',
          default: null,
        },
        {
          name: 'way',
          label: 'Direction',
          help: 'Seen by somebody who walks along the line from its first point to its last.',
          unit: '',
          kind: 'choice',
          default: 'both',
          options: ['both', 'left to right', 'right to left'],
        },
        {
          name: 'within_s',
          label: 'Within',
          help: 'A second person this soon after the first is one too many.',
          unit: 's',
          kind: 'number',
          default: 2,
          min: 0.2,
          max: 30,
        },
        { name: 'is_loud', label: 'Also at night', help: '', unit: '', kind: 'switch', default: false },
        { name: 'who', label: 'Who counts', help: '', unit: '', kind: 'classes', default: ['person'] },
      ],
      cameras: [],
    },
  ],
  log: Array.from({ length: 9 }, (_, n) => ({
    id: 9 - n,
    at: iso(Date.now() - n * 5_400_000 - 60_000),
    who: n % 3 === 2 ? 'system' : 'anna',
    what: [
      'rule “Anybody on the lawn” changed',
      'program people started on Front door',
      'schedule “Office hours” changed',
    ][n % 3],
    before: [`sensitivity 5`, 'stopped', 'Mon–Fri 07:00–18:00'][n % 3],
    after: ['sensitivity 7', 'operable', 'Mon–Fri 08:00–18:00'][n % 3],
    hash: (0x9e3779b97f4a7c15n * BigInt(10 - n)).toString(16).slice(0, 16).padStart(64, 'a5'),
  })),
});

function minuteOf(text) {
  const clock = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (clock) return Number(clock[1]) * 60 + Number(clock[2]);
  const sun = /^(sunrise|sunset)([+-]\d+)?$/.exec(text);
  return sun ? (sun[1] === 'sunrise' ? 452 : 968) + Number(sun[2] ?? 0) : 0;
}

function preview(schedule) {
  const now = new Date();
  const today = (now.getDay() + 6) % 7;
  const week = Array.from({ length: 7 }, (_, n) => {
    const date = iso(now.getTime() + n * 86_400_000).slice(0, 10);
    const special = schedule.exceptions.find((day) => day.date === date);
    return (special?.spans ?? schedule.week[(today + n) % 7])
      .map(({ from, until }) => ({ from_min: minuteOf(from), until_min: minuteOf(until) }))
      .flatMap((part) =>
        part.until_min < part.from_min
          ? [
              { ...part, from_min: 0 },
              { ...part, until_min: DAY_MIN },
            ]
          : [part],
      )
      .sort((a, b) => a.from_min - b.from_min);
  });
  const minute = now.getHours() * 60 + now.getMinutes();
  const isOn = (at) =>
    week[Math.floor(at / DAY_MIN)]?.some(
      ({ from_min, until_min }) => from_min <= at % DAY_MIN && at % DAY_MIN < until_min,
    ) ?? false;
  const first = isOn(minute);
  let next = null;
  for (let at = minute + 1; at < 7 * DAY_MIN && next === null; at += 1)
    if (isOn(at) !== first) next = iso(new Date(now).setHours(0, at, 0, 0));
  return { is_on: first, next_change_at: next, week };
}

const withState = (schedule) => {
  const { is_on, next_change_at } = preview(schedule);
  return { ...schedule, is_on, next_change_at };
};

const frame = () => Math.floor((Date.now() / 1000) * FPS);
const tracks = () => objectsAt(1, frame()).filter(({ bbox }) => bbox[2] - bbox[0] > 0.01);
const isIn = (points, [x1, , x2, y]) => {
  const x = (x1 + x2) / 2;
  let inside = false;
  points.forEach((a, n) => {
    const b = points[(n + 1) % points.length];
    if (a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) inside = !inside;
  });
  return inside;
};
const classesOf = (classes) =>
  Array.isArray(classes) ? classes : Object.keys(classes ?? {}).filter((name) => classes[name] !== null);

function live(camera, site) {
  const now = tracks();
  const present = (zone) => {
    const found = {};
    for (const { bbox, class: name } of now)
      if (isIn(zone.points, bbox)) found[name] = (found[name] ?? 0) + 1;
    return found;
  };
  const second = Math.floor(Date.now() / 1000);
  return {
    captured_at: iso(Date.now()),
    alarms: camera.rules
      .filter(({ is_enabled }) => is_enabled !== false)
      .map(({ id, name, kind, zone_id, classes }) => {
        const zone = camera.zones.find((one) => one.id === zone_id);
        const chosen = classesOf(classes);
        const inside = zone === undefined ? [] : now.filter(({ bbox }) => isIn(zone.points, bbox));
        const cause = inside.find(({ class: cls }) => chosen.includes(cls));
        const isOn = cause !== undefined;
        const key = `${camera.id}/${id}`;
        if (!isOn) site.cleared[key] = false;
        return {
          rule_id: id,
          name,
          kind,
          class: cause?.class ?? null,
          zone_id: zone_id ?? null,
          is_active: isOn && !site.cleared[key],
          since: isOn ? iso(Date.now() - 4000) : null,
        };
      }),
    zones: camera.zones.map((zone) => {
      const found = present(zone);
      const area = camera.programs?.occupancy.areas.find(({ zone_id }) => zone_id === zone.id);
      const count = found.person ?? 0;
      const level = area
        ? count >= area.threshold
          ? 'over'
          : count >= (area.warning ?? 999)
            ? 'warning'
            : 'normal'
        : null;
      return { zone_id: zone.id, present: found, level };
    }),
    lines: (camera.programs?.counters ?? []).map(({ id, line_id }) => ({
      line_id,
      rule_id: 10_000 + id,
      in: 120 + Math.floor((second % 3600) / 17) + id,
      out: 96 + Math.floor((second % 3600) / 23),
      since: iso(new Date().setHours(0, 0, 0, 0)),
    })),
    unique_people: 87,
    unique_vehicles: camera.programs?.vehicle.is_enabled ? 31 : null,
    problems: [],
    programs: ['vmd', 'people', 'vehicle', 'occupancy']
      .filter((name) => camera.programs?.[name].is_enabled)
      .map((program) => ({
        program,
        status: 'operable',
        status_text: '',
        ms_per_frame: 0.1 + Math.random() * 0.05,
      })),
  };
}

function gates(rule, camera, object) {
  const zone = camera.zones.find(({ id }) => id === rule.zone_id);
  const isClass = classesOf(rule.classes).includes(object.class);
  const isInside = zone === undefined || isIn(zone.points, object.bbox);
  const all = [
    ['received', true, 'frame 0.1 s old'],
    ['decoded', true, '480 × 270 for motion'],
    ['motion', true, '1.8 % of the picture changed'],
    ['detected', true, `found in 9 of the last 10 frames`],
    ['class', isClass, isClass ? object.class : `${object.class} is not among the chosen kinds`],
    ['score', true, '0.82 of 0.45'],
    ['size', true, 'no limit is set'],
    [
      'inside',
      isInside,
      isInside ? `feet inside ${zone?.name ?? 'the picture'}` : `feet outside ${zone?.name}`,
    ],
    ['dwell', true, `2.4 s of ${rule.dwell_s ?? 0} s`],
    ['schedule', true, 'always on'],
    ['cool_down', true, 'none'],
  ];
  const stop = all.findIndex(([, passed]) => !passed);
  return all
    .filter((_, n) => stop < 0 || n <= stop)
    .map(([name, is_passed, text]) => ({ name, is_passed, text }));
}

function why(camera, query) {
  const wanted = query.get('rule_id');
  const seen = tracks();
  return {
    at: query.get('at') ?? iso(Date.now()),
    rules: camera.rules
      .filter(({ id }) => wanted === null || String(id) === wanted)
      .map((rule) => ({
        rule_id: rule.id,
        rule_name: rule.name,
        kind: rule.kind,
        zone_name: camera.zones.find(({ id }) => id === rule.zone_id)?.name ?? null,
        gates:
          rule.is_enabled === false
            ? [{ name: 'schedule', is_passed: false, text: 'the rule is switched off' }]
            : [],
        objects:
          rule.is_enabled === false
            ? []
            : seen.map(({ id, class: name, bbox }) => ({
                track_id: Number(id),
                class: name,
                bbox,
                gates: gates(rule, camera, { class: name, bbox }),
              })),
      })),
  };
}

function tried({ document, from, until }) {
  const [start, end] = [Date.parse(from), Date.parse(until)];
  const strict = document.rules.some(({ min_size, stay_s }) => min_size || stay_s > 10);
  const all = Array.from({ length: 14 }, (_, n) => {
    const at = start + ((n + 0.5) / 14) * (end - start);
    return makeEvent(60 - n, (Date.now() - at) / 1000, 'end');
  });
  const isCovered = (event) => Date.parse(event.started_at) > start + (end - start) * 0.12;
  const present = all.filter(isCovered);
  const draft = present.filter((_, n) => !strict || n % 3 === 0);
  const extra = makeEvent(41, (Date.now() - start) / 2000, 'end');
  const events = [...draft, extra].sort((a, b) => (a.started_at < b.started_at ? -1 : 1));
  return {
    n_scenes: Math.round((end - start) / 200),
    covered: [{ from: iso(start + (end - start) * 0.12), until }],
    present: { n_events: present.length, events: present },
    draft: { n_events: events.length, events },
    only_present: [...present.keys()].filter((n) => !draft.includes(present[n])),
    only_draft: [events.indexOf(extra)],
  };
}

const COST_MS = { vmd: 9, people: 64, vehicle: 58, occupancy: 12 };
function cost(camera, programs) {
  const sum = (set) =>
    260 + Object.entries(COST_MS).reduce((total, [name, ms]) => total + (set?.[name].is_enabled ? ms : 0), 0);
  const [now, then, budget] = [sum(camera.programs), sum(programs), 400];
  const over = then - budget;
  return {
    ms_per_second_now: now,
    ms_per_second_then: then,
    budget_ms_per_second: budget,
    is_refused: over > 0,
    text:
      over > 0
        ? `Too much for this machine by ${over} ms each second (${Math.round((over / budget) * 100)} %). Switch another program off, or lower a camera’s frame rate.`
        : '',
  };
}

const STEP = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
function counts(camera, query) {
  const step = STEP[query.get('interval')] ?? STEP.hour;
  const rows = [];
  const start = Math.floor(Date.parse(query.get('from')) / step) * step;
  for (let at = start; at < Date.parse(query.get('until')) && rows.length < 5000; at += step) {
    const busy = Math.max(0.05, Math.sin(((new Date(at).getHours() - 6) / 24) * 2 * Math.PI) + 0.35);
    const wave = (n) => Math.max(0, Math.round(((busy * 34 + (((at / step) * n) % 7)) * step) / STEP.hour));
    const add = (rule_id, metric, value, name = null) =>
      rows.push({ rule_id, metric, class: name, from: iso(at), until: iso(at + step), value });
    for (const id of (camera.programs?.counters ?? []).map(({ id }) => 10_000 + id)) {
      add(id, 'in', wave(3), 'person');
      add(id, 'out', wave(5), 'person');
      add(id, 'in', Math.floor(wave(2) / 5), 'bicycle');
    }
    for (const id of (camera.programs?.occupancy.areas ?? []).map(({ id }) => 20_000 + id)) {
      add(id, 'mean', Math.round(busy * 19) / 10);
      add(id, 'peak', Math.ceil(busy * 3.4));
      add(id, 'p95', Math.ceil(busy * 2.8));
    }
    add(30_001, 'unique', wave(4));
  }
  return { rows: rows.filter(({ rule_id }) => String(rule_id) === query.get('rule_id')) };
}

const heatMap = (kind) => ({
  width: 64,
  height: 36,
  unit: kind === 'dwell' ? 'person-seconds' : 'passages',
  values: Array.from({ length: 64 * 36 }, (_, n) => {
    const [x, y] = [(n % 64) / 64, Math.floor(n / 64) / 36];
    const path = Math.exp(-(((y - 0.57) / 0.05) ** 2)) * (kind === 'dwell' ? 0.5 : 1);
    const spot = kind === 'dwell' ? Math.exp(-(((x - 0.3) / 0.08) ** 2 + ((y - 0.55) / 0.07) ** 2)) * 1.4 : 0;
    const value = (path + spot) * 90;
    return value < 4 ? 0 : Math.round(value);
  }),
});

const COLOURS = ['black', 'blue', 'red', 'grey', 'green', 'white', 'brown', 'yellow'];
function shotOf(program, n) {
  const klass = program === 'people' ? 'person' : n % 4 === 3 ? 'bicycle' : 'car';
  for (let at = (n * 13) % 150; ; at += 1) {
    const object = objectsAt(1 + (n % 2), at).find(
      ({ class: name, bbox }) => name === klass && bbox[0] > 0.02 && bbox[2] < 0.98,
    );
    if (object) return { seed: 1 + (n % 2), at, object };
  }
}

export function sightings(query) {
  const program = query.get('program') ?? 'people';
  const wanted = query.getAll('attribute').map((text) => text.split(':'));
  const all = Array.from({ length: 40 }, (_, n) => {
    const { object } = shotOf(program, n);
    const colour = COLOURS[n % COLOURS.length];
    const first = Date.now() - n * 410_000 - 20_000;
    const attributes =
      n % 7 === 5
        ? []
        : program === 'people'
          ? [
              { name: 'upper_colour', value: colour, likelihood: 0.6 + (n % 4) / 10 },
              { name: 'lower_colour', value: COLOURS[(n * 3) % 8], likelihood: 0.55 + (n % 3) / 10 },
            ]
          : [
              { name: 'vehicle_colour', value: colour, likelihood: 0.7 + (n % 3) / 10 },
              { name: 'vehicle_type', value: object.class, likelihood: 0.8 },
            ];
    return {
      camera_id: n % 2 ? 'yard' : 'front-door',
      camera_name: n % 2 ? 'Yard (night)' : 'Front door',
      program,
      id: 900 - n + (program === 'vehicle' ? 1000 : 0),
      track_id: 900 - n,
      class: object.class,
      score: 0.7 + (n % 25) / 100,
      first_seen_at: iso(first),
      last_seen_at: iso(first + 6000 + (n % 9) * 4000),
      is_final: n > 0,
      heading_deg: n % 6 === 4 ? null : (n * 47) % 360,
      speed_mps: null,
      zones: n % 2 ? [] : ['Pavement'],
      lines: n % 3 ? [] : ['Kerb'],
      attributes,
      shot: {
        url: `/api/v1/sightings/shots/${program}-${n}.jpg`,
        width_px: 180,
        height_px: 320,
        total: 0.84 - (n % 5) / 20,
        size: 0.35 + (n % 3) / 20,
        sharpness: 0.8,
        whole: 0.95,
        confidence: 0.82,
        exposure: 0.74,
      },
    };
  }).filter(
    (one) =>
      (!query.get('camera') || one.camera_id === query.get('camera')) &&
      (!query.get('class') || one.class === query.get('class')) &&
      wanted.every(([name, value]) => one.attributes.some((has) => has.name === name && has.value === value)),
  );
  const at = Math.max(
    0,
    all.findIndex(({ track_id }) => String(track_id) === query.get('before')),
  );
  const limit = Number(query.get('limit') ?? 48);
  return {
    sightings: all.slice(at, at + limit),
    next_before: all.length > at + limit ? String(all[at + limit].track_id) : null,
  };
}

const LABELS = {
  vmd: 'AI-VMD',
  people: 'AI People Detection',
  vehicle: 'AI Vehicle Detection',
  occupancy: 'AI Occupancy Detection',
};
function software(cameras, site) {
  const builtin = Object.entries(LABELS).map(([id, name], n) => {
    const rows = cameras
      .filter((camera) => camera.programs?.[id].is_enabled)
      .map((camera) => {
        const isStopped = site.stopped.has(`${id}/${camera.id}`) || site.stopped.has(`${id}/`);
        const schedule = site.schedules.find((one) => one.id === camera.programs[id].schedule_id);
        const isOff = schedule !== undefined && !preview(schedule).is_on;
        const isWaiting = camera.status.state !== 'receiving';
        const status = isStopped
          ? 'stopped'
          : isWaiting
            ? 'waiting_for_video'
            : isOff
              ? 'off_by_schedule'
              : 'operable';
        return {
          camera_id: camera.id,
          camera_name: camera.name,
          is_enabled: true,
          status,
          status_text: status === 'off_by_schedule' ? `by “${schedule.name}”` : '',
          ms_per_frame: status === 'operable' ? 0.1 + n * 0.3 : null,
          schedule_id: camera.programs[id].schedule_id,
        };
      });
    const isStopped = site.stopped.has(`${id}/`);
    return {
      id,
      name,
      version: '0.1.0',
      sdk_version: '1.0',
      is_builtin: true,
      status: isStopped ? 'stopped' : 'operable',
      status_text: '',
      storage_bytes: [1_200_000, 48_000_000, 31_000_000, 5_400_000][n],
      memory_bytes: [9_000_000, 96_000_000, 90_000_000, 14_000_000][n],
      publisher: null,
      description: null,
      previous_version: null,
      settings: [],
      cameras: rows,
    };
  });
  return {
    device_id: '4f1a-09c2-77de-b310',
    storage: { total_bytes: 240_000_000_000, free_bytes: 118_000_000_000 },
    memory: { total_bytes: 8_200_000_000, free_bytes: 5_100_000_000 },
    sdk_version: '1.0',
    version: '0.1.0',
    load: { cores: 4, used_share: 0.41 },
    programs: [...builtin, ...site.installed],
  };
}

function logged(site, what, before, after) {
  const id = (site.log[0]?.id ?? 0) + 1;
  site.log.unshift({
    id,
    at: iso(Date.now()),
    who: 'anna',
    what,
    before,
    after,
    hash: String(id).padStart(64, 'c3'),
  });
}

async function answerAccounts({ id, site, method, request, reply, bodyOf, send, fail }) {
  if (method === 'GET') return send(reply, 200, { accounts: site.accounts });
  const input = method === 'DELETE' ? {} : await bodyOf(request);
  if (method === 'POST') {
    if (site.accounts.some(({ name }) => name === input.name))
      return fail(reply, 422, 'invalid_fields', 'cannot use these settings', {
        fields: { name: 'there is already an account of this name' },
      });
    const account = {
      id: Math.max(...site.accounts.map((one) => one.id)) + 1,
      name: input.name,
      role: input.role,
      is_enabled: true,
      created_at: new Date().toISOString(),
    };
    site.accounts.push(account);
    return send(reply, 201, account);
  }
  const account = site.accounts.find((one) => one.id === id);
  if (account === undefined) return fail(reply, 404, 'not_found', 'no such account');
  if (method === 'DELETE') {
    site.accounts = site.accounts.filter((one) => one.id !== id);
    return send(reply, 204);
  }
  Object.assign(account, { role: input.role, is_enabled: input.is_enabled });
  return send(reply, 200, account);
}

/** The ONVIF device, with a client that asks for events and one that is sent them and fails. */
function onvif({ site, cameras }) {
  const subscription = (id, account, more) => ({
    id,
    account,
    posted_to: null,
    created_at: new Date(Date.now() - 754_000).toISOString(),
    terminates_at: new Date(Date.now() + 46_000).toISOString(),
    taken_at: new Date(Date.now() - 1_800).toISOString(),
    waiting: 0,
    told: 1_204,
    lost: 0,
    last_error: null,
    ...more,
  });
  const told = [
    subscription('a', 'recorder', {}),
    subscription('b', 'guardroom', {
      posted_to: 'http://192.168.1.30:8080/notify',
      told: 12,
      waiting: 41,
      taken_at: null,
      last_error: 'the consumer answered HTTP 503',
    }),
  ];
  return {
    ...site.onvif,
    device_path: '/onvif/device_service',
    rtsp_port: 8_554,
    n_accounts: site.deviceAccounts.length,
    cameras: cameras
      .filter((camera) => camera.is_enabled)
      .map(({ id, name }, index) => ({
        id,
        name,
        profiles: ['jpeg', 'h264'].map((kind) => ({
          token: `${id}.${kind}`,
          rtsp_path: `/cameras/${id}/${kind}`,
        })),
        snapshot_path: `/onvif/snapshot/${id}`,
        mjpeg_path: `/cgi-bin/mjpeg?channel=${index + 1}`,
      })),
    subscriptions: site.isTold && cameras.length > 0 ? told : [],
  };
}

function askedCamera(hasNone) {
  const snapshot = {
    protocol: 'http',
    host: '192.168.0.41',
    port: null,
    path: '/onvif/snapshot?channel=1',
    told_host: null,
  };
  const profile = {
    name: 'MainStream',
    encoding: 'H264',
    width_px: 1920,
    height_px: 1080,
    stream: 'rtsp://192.168.0.41:554/live/main',
    snapshot: hasNone ? null : snapshot,
  };
  const other = hasNone ? null : { ...snapshot, path: '/onvif/snapshot?channel=2', told_host: '10.0.0.7' };
  const second = { ...profile, name: 'SubStream', width_px: 640, height_px: 360, snapshot: other };
  return { manufacturer: 'Acme', model: 'PTZ-2040', profiles: [profile, second] };
}

const found = [
  {
    endpoint: 'urn:uuid:1',
    name: 'Loading dock',
    hardware: 'PTZ-2040',
    host: '192.168.0.41',
    addresses: ['http://192.168.0.41/onvif/device_service'],
  },
  {
    endpoint: 'urn:uuid:2',
    name: null,
    hardware: null,
    host: '192.168.0.77',
    addresses: ['http://192.168.0.77:8000/onvif/device_service'],
  },
];

/** Answers when the call is one of these; false hands it back to `mock.mjs`. */
export async function answer({ request, reply, url, state, bodyOf, send, fail, jpeg }) {
  const [what, id, action] = url.pathname.replace('/api/v1/', '').split('/').map(decodeURIComponent);
  const { site } = state;
  const { method } = request;
  if (what === 'device_accounts') {
    const others = site.deviceAccounts.filter(({ name }) => name !== id);
    if (method === 'GET') return (send(reply, 200, { accounts: site.deviceAccounts }), true);
    const { level } = method === 'PUT' ? await bodyOf(request) : {};
    site.deviceAccounts = method === 'PUT' ? [...others, { name: id, level }] : others;
    return (
      send(reply, method === 'PUT' ? 200 : 204, method === 'PUT' ? { name: id, level } : undefined),
      true
    );
  }
  if (what === 'vms' && method === 'GET') return (answerVms({ action, reply, send }), true);
  if (what === 'nodes')
    return (await answerNodes({ id, action, state, method, request, reply, bodyOf, send, fail }), true);
  if (what === 'tokens')
    return (await answerTokens({ id, site, method, request, reply, bodyOf, send }), true);
  if (what === 'accounts')
    return (await answerAccounts({ id: Number(id), site, method, request, reply, bodyOf, send, fail }), true);
  if (what === 'onvif' && id === 'subscriptions') {
    site.isTold = false;
    return (send(reply, 204), true);
  }
  if (what === 'onvif') {
    if (method === 'PUT') Object.assign(site.onvif, await bodyOf(request));
    return (send(reply, 200, onvif(state)), true);
  }
  if (what === 'discover' && id === 'camera') {
    const { addresses, user } = await bodyOf(request);
    if (user === '')
      return (
        send(reply, 422, {
          error: {
            code: 'invalid_fields',
            message: 'cannot use these settings',
            fields: { user: 'sign in to the camera: it wants a user name and password' },
          },
        }),
        true
      );
    return (send(reply, 200, askedCamera(addresses[0].includes('192.168.0.77'))), true);
  }
  if (what === 'discover') return (send(reply, 200, { devices: found }), true);
  if (what === 'viewers') {
    const viewer = {
      id: 1,
      camera_id: state.cameras[0]?.id ?? 'gate',
      video: 'h264',
      way: 'tcp',
      address: '192.168.1.20:50122',
      account: 'recorder',
      agent: 'Lavf59.27.100',
      since: new Date(Date.now() - 754_000).toISOString(),
      pictures: 3_771,
      documents: 3_520,
      bytes: 241_300_000,
      lost: 3,
      lost_on_the_way: 0,
    };
    const viewers = state.cameras.length > 0 ? [viewer] : [];
    return (send(reply, 200, { rtsp_port: 8_554, is_reachable: true, error: null, viewers }), true);
  }
  if (what === 'schedules') {
    if (id === 'preview') return (send(reply, 200, preview((await bodyOf(request)).schedule)), true);
    if (id === undefined && method === 'GET')
      return (send(reply, 200, { schedules: site.schedules.map(withState) }), true);
    if (method === 'DELETE') {
      const isUsed = JSON.stringify(state.cameras).includes(`"schedule_id":"${id}"`);
      if (isUsed)
        return (
          fail(
            reply,
            409,
            'in_use',
            'A rule or a program still uses this schedule. Choose another one there first.',
          ),
          true
        );
      site.schedules = site.schedules.filter((schedule) => schedule.id !== id);
      return (send(reply, 204), true);
    }
    const input = await bodyOf(request);
    const before = site.schedules.find((schedule) => schedule.id === id);
    if (before !== undefined && input.revision !== before.revision)
      return (
        fail(
          reply,
          409,
          'changed_meanwhile',
          'Somebody else changed this schedule meanwhile. Load it again.',
        ),
        true
      );
    const next = {
      ...input,
      id: before?.id ?? `schedule-${Date.now()}`,
      revision: (before?.revision ?? 0) + 1,
    };
    site.schedules = before
      ? site.schedules.map((one) => (one.id === id ? next : one))
      : [...site.schedules, next];
    logged(site, `schedule “${next.name}” ${before ? 'changed' : 'added'}`, null, null);
    return (send(reply, 200, withState(next)), true);
  }
  if (what === 'sightings' && id === 'shots') {
    const [program, n] = action.replace('.jpg', '').split('-');
    const { seed, at, object } = shotOf(program, Number(n));
    return (jpeg(reply, shotJpeg(seed, seed === 2, at, object.bbox).jpeg), true);
  }
  if (what === 'sightings') return (send(reply, 200, sightings(url.searchParams)), true);
  if (what === 'control_log')
    return (send(reply, 200, { rows: site.log, is_chain_intact: true, next_before: null }), true);
  if (what === 'control_log.csv') {
    reply.writeHead(200, { 'Content-Type': 'text/csv' });
    return (reply.end(site.log.map((row) => Object.values(row).join(',')).join('\n')), true);
  }
  if (what === 'publishers') {
    if (method === 'GET') return (send(reply, 200, { publishers: site.publishers }), true);
    if (method === 'DELETE') {
      site.publishers = site.publishers.filter(({ fingerprint }) => fingerprint !== id);
      return (send(reply, 204), true);
    }
    const { key, name } = await bodyOf(request);
    const digits = /^airelay-public-key:([0-9a-f]{64})$/.exec(key)?.[1];
    if (digits === undefined)
      return (
        fail(reply, 422, 'invalid_fields', 'Some fields cannot be used.', {
          fields: { key: 'no public key: expected airelay-public-key: and 64 hex digits' },
        }),
        true
      );
    const fingerprint = digits.slice(0, 16).match(/.{4}/g).join('-');
    site.publishers = [...site.publishers, { name, key, fingerprint }];
    return (send(reply, 201, { name, key, fingerprint }), true);
  }
  if (what === 'software') {
    if (id === undefined && method === 'GET') return (send(reply, 200, software(state.cameras, site)), true);
    if (id === undefined) {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('latin1');
      if (!text.startsWith('EXT1'))
        return (
          fail(
            reply,
            422,
            'bad_package',
            'The signature does not fit: the package was changed after it was signed, or its key is not among the trusted keys.',
          ),
          true
        );
      site.installed = [
        {
          ...site.installed[0],
          id: 'queue',
          name: 'Queue length',
          version: '0.3.0',
          status: 'operable',
          status_text: '',
          cameras: [],
        },
        ...site.installed.filter((one) => one.id !== 'queue'),
      ];
      logged(site, 'program Queue length 0.3.0 installed', null, '0.3.0');
      return setTimeout(() => send(reply, 200, site.installed[0]), 600) && true;
    }
    if (method === 'DELETE') {
      site.installed = site.installed.filter((program) => program.id !== id);
      logged(site, `program ${id} uninstalled`, 'installed', null);
      return (send(reply, 204), true);
    }
    if (action === 'roll_back') {
      site.installed = site.installed.map((one) =>
        one.id === id ? { ...one, version: one.previous_version, previous_version: null } : one,
      );
      return (send(reply, 204), true);
    }
    const { camera_id } = await bodyOf(request);
    const key = `${id}/${camera_id ?? ''}`;
    if (action === 'stop') site.stopped.add(key);
    else site.stopped.delete(key);
    logged(site, `program ${LABELS[id] ?? id} ${action === 'stop' ? 'stopped' : 'started'}`, null, null);
    return (send(reply, 200, {}), true);
  }
  if (what !== 'cameras' || action === undefined) return false;
  const camera = state.cameras.find((one) => one.id === id);
  if (camera === undefined) return false;
  if (action === 'programs') {
    reply.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    const timer = setInterval(() => reply.write(`data: ${JSON.stringify(live(camera, site))}\n\n`), 250);
    return (request.on('close', () => clearInterval(timer)), true);
  }
  if (action === 'alarms') {
    const { rule_id } = await bodyOf(request);
    for (const rule of camera.rules)
      if (rule_id === null || rule.id === rule_id) site.cleared[`${id}/${rule.id}`] = true;
    return (send(reply, 200, {}), true);
  }
  if (action === 'why') return (send(reply, 200, why(camera, url.searchParams)), true);
  if (action === 'try') {
    const value = tried(await bodyOf(request));
    return setTimeout(() => send(reply, 200, value), 400) && true;
  }
  if (action === 'cost') return (send(reply, 200, cost(camera, (await bodyOf(request)).programs)), true);
  if (action === 'counts') return (send(reply, 200, counts(camera, url.searchParams)), true);
  if (action === 'heatmap') return (send(reply, 200, heatMap(url.searchParams.get('kind'))), true);
  return false;
}
