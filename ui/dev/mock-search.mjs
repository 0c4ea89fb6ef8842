// The mock's search, watch lists and statistics: canned data with plausible numbers.

const DAY_MS = 86_400_000;
const STEP_MS = { minute: 60_000, hour: 3_600_000, day: DAY_MS };
const iso = (ms) => new Date(ms).toISOString();

export const startSearch = () => ({
  lists: [
    {
      id: 1,
      name: 'House ban',
      purpose: 'Banned from the house until spring after two thefts.',
      owner: 'anna',
      program: 'people',
      expires_at: iso(Date.now() + 30 * DAY_MS),
      threshold: 0.86,
      cameras: ['front-door'],
      is_enabled: true,
      revision: 3,
      examples: [3, 8].map((n) => ({
        id: n,
        url: `/api/v1/sightings/shots/people-${n}.jpg`,
        makers: ['person-reid-0287/1'],
      })),
    },
    {
      id: 2,
      name: 'Delivery vans',
      purpose: 'Tell the ramp when a known van arrives.',
      owner: 'ramp office',
      program: 'vehicle',
      expires_at: iso(Date.now() - DAY_MS),
      threshold: 0.8,
      cameras: [],
      is_enabled: true,
      revision: 1,
      examples: [{ id: 1, url: '/api/v1/sightings/shots/vehicle-2.jpg', makers: ['airelay-classic/1'] }],
    },
  ],
});

const stateOf = (list) =>
  !list.is_enabled
    ? 'off'
    : Date.parse(list.expires_at) < Date.now()
      ? 'expired'
      : list.examples.length === 0
        ? 'empty'
        : 'active';
const view = (list) => ({ ...list, state: stateOf(list) });

function answer(input, all) {
  const wanted = (input.examples ?? []).filter(({ is_unwanted }) => !is_unwanted);
  const hits = all
    .filter(({ camera_id }) => !input.cameras || input.cameras.includes(camera_id))
    .map((sighting, n) => {
      const likeness = Math.max(0.2, 0.93 - n * 0.021);
      const by_example = (input.examples ?? []).map(({ is_unwanted }, at) =>
        is_unwanted ? 0.4 + (n % 5) / 20 : likeness - at * 0.03,
      );
      const attributes = (input.attributes ?? []).map(({ name, values }) => {
        const has = sighting.attributes.find((one) => one.name === name && values.includes(one.value));
        return {
          name,
          is_known: Boolean(has),
          value: has?.value ?? null,
          likelihood: has?.likelihood ?? null,
        };
      });
      const isOther = (input.attributes ?? []).some(({ name, values }) => {
        const own = sighting.attributes.filter((one) => one.name === name);
        return own.length > 0 && own.every(({ value }) => !values.includes(value));
      });
      return {
        sighting,
        score: likeness,
        similarity: wanted.length > 0 ? likeness : null,
        by_example,
        attributes,
        isOther,
      };
    })
    .filter(({ isOther, similarity }) => !isOther && (similarity ?? 1) >= (input.least_similarity ?? -1));
  const offset = input.offset ?? 0;
  const limit = input.limit ?? 60;
  return {
    hits: hits.slice(offset, offset + limit),
    maker: input.examples?.length ? 'person-reid-0287/1' : null,
    n_looked_at: 18_211,
    n_not_comparable: input.examples?.length ? 412 : 0,
    next_offset: hits.length > offset + limit ? offset + limit : null,
    is_complete: true,
  };
}

function journey({ sighting_ids }, all) {
  const seen = all.filter(({ id }) => sighting_ids.includes(id)).reverse();
  let last = null;
  return seen.map((one) => {
    const after_s = last === null ? null : (Date.parse(one.first_seen_at) - last) / 1000;
    last = Date.parse(one.last_seen_at);
    const { camera_id, camera_name, first_seen_at: from, last_seen_at: until } = one;
    return { camera_id, camera_name, from, until, after_s, sighting_ids: [one.id] };
  });
}

const PARTS = {
  none: [{}],
  camera: [
    { camera_id: 'front-door', camera_name: 'Front door' },
    { camera_id: 'yard', camera_name: 'Yard (night)' },
  ],
  rule: [1, 2, 3].map((n) => ({
    camera_id: n < 3 ? 'front-door' : 'yard',
    camera_name: n < 3 ? 'Front door' : 'Yard (night)',
    rule_id: 10_000 + n,
  })),
  class: [{ class: 'person' }, { class: 'car' }],
};

function statistics(query) {
  const interval = query.get('interval') ?? 'day';
  const step = STEP_MS[interval] ?? 30 * DAY_MS;
  const [from, until] = [Date.parse(query.get('from')), Date.parse(query.get('until'))];
  const first = Math.ceil(from / step) * step;
  const starts = [];
  for (let at = first; at < until; at += step) starts.push(at);
  const wave = (at, part) => {
    const hour = new Date(at).getUTCHours();
    const day = new Date(at).getUTCDay();
    const busy = interval === 'day' || interval === 'month' ? 12 : Math.max(0, 10 - Math.abs(13 - hour));
    return Math.round((busy * (day % 6 === 0 ? 0.4 : 1) * (12 - part * 4) * step) / STEP_MS.hour / 10);
  };
  const parts = PARTS[query.get('split') ?? 'none'];
  return {
    starts: starts.map(iso),
    series: parts.map((part, n) => ({
      camera_id: null,
      camera_name: null,
      rule_id: null,
      class: null,
      ...part,
      values: starts.map((at) => wave(at, n)),
    })),
  };
}

/** Answers what is its own; `all` gives sightings of a program. Returns whether it did. */
export async function answerSearch({ method, parts, url, body }, { state, send, all }) {
  const [what, id, more, exampleId] = parts.map((part) => (part === '' ? undefined : part));
  if (what === 'search' && id === 'journey')
    return send(200, { visits: journey(await body(), [...all('people'), ...all('vehicle')]) });
  if (what === 'search' && method === 'GET')
    return send(200, {
      is_ready: true,
      n_read: 0,
      n_sightings: 18_623,
      len_bytes: 7_400_000,
      makers: [{ maker: 'person-reid-0287/1', n_sightings: 18_211 }],
      problem: null,
    });
  if (what === 'search') {
    const input = await body();
    return send(200, answer(input, all(input.program ?? 'people')));
  }
  if (what === 'statistics' && id === 'week')
    return send(200, {
      cells: Array.from({ length: 7 }, (_, day) =>
        Array.from({ length: 24 }, (_, hour) =>
          hour < 4 ? null : Math.max(0, 10 - Math.abs(13 - hour)) * (day > 4 ? 3 : 8),
        ),
      ),
    });
  if (what === 'statistics') return send(200, statistics(url.searchParams));
  if (what !== 'watch_lists') return false;
  const list = state.lists.find((one) => String(one.id) === id);
  if (method === 'GET') return send(200, { watch_lists: state.lists.map(view) });
  if (method === 'POST' && id === undefined) {
    const made = { ...(await body()), id: state.lists.length + 1, revision: 1, examples: [] };
    state.lists.push(made);
    return send(201, view(made));
  }
  if (list === undefined) return send(404, { error: { code: 'not_found', message: `no watch list ${id}` } });
  if (method === 'POST') {
    const made = list.examples.length + 1;
    list.examples.push({
      id: made,
      url: '/api/v1/sightings/shots/people-1.jpg',
      makers: ['person-reid-0287/1'],
    });
  } else if (method === 'PUT') Object.assign(list, await body(), { revision: list.revision + 1 });
  else if (more === 'examples') list.examples = list.examples.filter((one) => String(one.id) !== exampleId);
  else {
    state.lists = state.lists.filter((one) => one !== list);
    return send(204);
  }
  return send(200, view(list));
}
