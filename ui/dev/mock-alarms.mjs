// The mock's part about alarms: how they are handled, incidents, settings, the report, evidence.

const SEVERITY = { intruder: 'high', loitering: 'medium', cross_line: 'medium', enter: 'low', exit: 'low' };
const PEOPLE = ['anna', 'Bob'];
const KEY = `airelay-public-key:${'5a'.repeat(32)}`;

export const startAlarms = () => ({
  handling: new Map(),
  history: new Map(),
  settings: {
    together_s: 30,
    groups: [],
    quiet_schedule_id: null,
    loud_from: 'critical',
    revision: 0,
    is_quiet: false,
  },
});

/** Every third event begins an incident, the two behind it join. */
function incidentOf(events, event) {
  const at = events.length - 1 - events.indexOf(event);
  const first = events[events.length - 1 - (at - (at % 3))];
  return at % 9 < 3 ? first.id : event.id;
}

export function alarmOf(state, event) {
  const { handling } = state.alarms;
  if (!handling.has(event.id))
    handling.set(event.id, {
      incident_id: incidentOf(state.events, event),
      severity: SEVERITY[event.kind] ?? 'medium',
      state: 'new',
      assignee: null,
      reason: null,
      revision: 0,
      n_notes: 0,
      changed_at: event.started_at,
      is_quiet: false,
    });
  return { ...event, alarm: handling.get(event.id) };
}

const is = (query, name, value) => !query.has(name) || query.get(name).split(',').includes(String(value));

function incidents(state, query, me) {
  const all = new Map();
  for (const alarm of [...state.events].reverse().map((event) => alarmOf(state, event)))
    all.set(alarm.alarm.incident_id, [...(all.get(alarm.alarm.incident_id) ?? []), alarm]);
  const wants = ({ alarm, ...event }) =>
    is(query, 'state', alarm.state) &&
    is(query, 'severity', alarm.severity) &&
    is(query, 'camera', event.camera_id) &&
    is(query, 'rule', event.rule_id) &&
    is(query, 'kind', event.kind) &&
    is(query, 'class', event.class) &&
    is(query, 'reason', alarm.reason) &&
    (!query.has('assignee') ||
      alarm.assignee === (query.get('assignee') === 'me' ? me : query.get('assignee')));
  return [...all]
    .map(([id, alarms]) => ({ id, alarms }))
    .filter(({ alarms }) => alarms.some(wants))
    .reverse();
}

function next(before, { kind, assignee, reason }) {
  const isClosed = before.state === 'closed';
  if (kind === 'note') return { ...before, n_notes: before.n_notes + 1 };
  if (kind === 'reopen' ? !isClosed : isClosed) return null;
  const revision = before.revision + 1;
  if (kind === 'assign') return { ...before, state: 'assigned', assignee, revision };
  if (kind === 'close') return { ...before, state: 'closed', assignee: null, reason, revision };
  if (kind === 'acknowledge' && before.state !== 'new') return null;
  return { ...before, state: 'acknowledged', assignee: null, reason: null, revision };
}

function handle(state, me, { alarms, kind, assignee = null, reason = null, text = '' }) {
  const result = { handled: [], conflicts: [], refused: [] };
  for (const { id, revision } of alarms) {
    const before = alarmOf(
      state,
      state.events.find((event) => event.id === id),
    ).alarm;
    const history = state.alarms.history.get(id) ?? [];
    if (kind !== 'note' && before.revision !== revision) {
      const since = history.filter((entry) => entry.revision > revision);
      result.conflicts.push({ id, alarm: before, message: 'somebody else changed it', since });
      continue;
    }
    const after = next(before, { kind, assignee, reason });
    if (after === null) {
      result.refused.push({ id, message: 'that is done already' });
      continue;
    }
    const at = new Date().toISOString();
    state.alarms.handling.set(id, { ...after, changed_at: at });
    state.alarms.history.set(id, [
      ...history,
      { at, who: me, kind, assignee, reason, text, revision: after.revision },
    ]);
    result.handled.push({ id, alarm: state.alarms.handling.get(id) });
  }
  return result;
}

function proposals(state, event) {
  const camera = state.cameras.find(({ id }) => id === event.camera_id);
  const rules = camera.rules.map((rule) => (rule.id === event.rule_id ? { ...rule, min_score: 0.9 } : rule));
  const tried = { n_left: 3, n_real_lost: 0, is_prevented: true };
  return {
    hours: 6,
    n_scenes: 108_000,
    n_present: 8,
    n_real: 2,
    revision: camera.revision,
    proposals: [
      {
        kind: 'score',
        title: 'Ask for a score of 90 %',
        text: 'The detector was 89 % sure of this one; so far 50 % is enough.',
        change: { rules },
        tried,
      },
      {
        kind: 'stationary',
        title: 'Leave out what stands still',
        text: 'What has stood still for long raises no alarm in this rule.',
        change: { rules },
        tried: { n_left: 5, n_real_lost: 1, is_prevented: null },
      },
    ],
  };
}

function report(state) {
  const noise = (n_alarms, n_false) => ({
    n_alarms,
    n_closed: n_false + 2,
    n_false,
    false_share: n_false / (n_false + 2),
    camera_days: 6.5,
    per_camera_day: n_alarms / 6.5,
  });
  const rules = state.cameras.flatMap((camera) =>
    camera.rules.map((rule, at) => ({
      camera_id: camera.id,
      camera_name: camera.name,
      rule_id: rule.id,
      rule_name: rule.name,
      kind: rule.kind,
      now: noise(40 - 9 * at, 12 - 3 * at),
      before: noise(20 + 5 * at, 3),
    })),
  );
  const day = 86_400_000;
  const time = (days) => new Date(Date.now() - days * day).toISOString();
  return { from: time(7), until: time(0), rules };
}

/** Answers what is about alarms; gives false for everything else. */
export async function alarms({ request, reply, url, state, tell, bodyOf, send, stepsOf }) {
  const [what, id, action] = url.pathname.replace('/api/v1/', '').split('/').map(decodeURIComponent);
  const me = state.user.name;
  if (what === 'incidents') {
    const all = incidents(state, id === undefined ? url.searchParams : new URLSearchParams(), me);
    if (id !== undefined)
      return (
        send(
          reply,
          200,
          all.find((one) => one.id === id),
        ),
        true
      );
    const before = url.searchParams.get('before');
    const limit = Number(url.searchParams.get('limit') ?? 50);
    const page = all.filter((one) => before === null || one.id < before);
    const isLast = page.length <= limit;
    send(reply, 200, { incidents: page.slice(0, limit), next_before: isLast ? null : page[limit - 1].id });
    return true;
  }
  if (what === 'evidence') {
    if (id === 'key') send(reply, 200, { public_key: KEY, fingerprint: '5a5a-5a5a-5a5a-5a5a' });
    else {
      request.resume();
      send(reply, 200, {
        is_genuine: false,
        signed_by: 'us',
        signature: 'signed by this airelay (key 5a5a-5a5a-5a5a-5a5a)',
        fingerprint: '5a5a-5a5a-5a5a-5a5a',
        made_at: new Date().toISOString(),
        made_by: me,
        alarms: [state.events[0].id],
        n_intact: 3,
        problems: ['alarm.json was changed: it is not the file that was given out'],
      });
    }
    return true;
  }
  if (what !== 'alarms') return false;
  if (id === 'people') send(reply, 200, { names: PEOPLE });
  else if (id === 'report') send(reply, 200, report(state));
  else if (id === 'open') {
    const counts = new Map();
    for (const { alarm } of state.events.map((event) => alarmOf(state, event)))
      if (alarm.state !== 'closed') {
        const key = `${alarm.state} ${alarm.severity}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    const rows = [...counts].map(([key, n_alarms]) => {
      const [of, severity] = key.split(' ');
      return { state: of, severity, n_alarms };
    });
    send(reply, 200, { counts: rows });
  } else if (id === 'settings') {
    if (request.method === 'PUT') {
      const input = await bodyOf(request);
      state.alarms.settings = { ...input, revision: input.revision + 1, is_quiet: false };
    }
    send(reply, 200, state.alarms.settings);
  } else if (id === 'handle') {
    const result = handle(state, me, await bodyOf(request));
    tell('handled', { by: me, alarms: result.handled });
    send(reply, 200, result);
  } else if (id === 'evidence') {
    request.resume();
    reply.writeHead(200, { 'Content-Type': 'application/zip' });
    reply.end('PK');
  } else {
    const event = state.events.find((one) => one.id === id);
    if (event === undefined)
      send(reply, 404, { error: { code: 'not_found', message: 'This alarm is no longer stored.' } });
    else if (action === 'proposals') send(reply, 200, proposals(state, event));
    else
      send(reply, 200, {
        ...alarmOf(state, event),
        steps: stepsOf(event),
        history: state.alarms.history.get(id) ?? [],
      });
  }
  return true;
}
