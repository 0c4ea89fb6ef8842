// The mock's part about clips: each alarm has some seconds of the drawn street, the third of four was removed, the
// fourth is still being recorded.

import { FPS, frameJpeg, objectsAt } from './street.mjs';

const BEFORE = 5 * FPS;
const N_FRAMES = 15 * FPS;

const numberOf = (id) => Number(id.slice(3));

function clipOf(event, source) {
  const none = (reason, message) => ({
    state: 'none',
    reason,
    message,
    alarm_at: event.started_at,
    track_id: event.track_id,
    end_begins_at: null,
    len_bytes: 0,
    frames: [],
  });
  const kind = numberOf(event.id) % 4;
  if (kind === 2) return none('quota', 'The clip was removed to make room for newer ones of this camera.');
  const isRecording = kind === 3;
  const began = Date.parse(event.started_at);
  const frames = Array.from({ length: isRecording ? BEFORE + 5 : N_FRAMES }, (_, index) => {
    const n = source.n - BEFORE + index;
    const tracks = objectsAt(source.seed, n + 300).map((object) => ({
      id: Number(object.id),
      class: object.class,
      score: 0.8,
      bbox: object.bbox,
    }));
    return {
      at: new Date(began + ((index - BEFORE) * 1_000) / FPS).toISOString(),
      len_bytes: 40_000 + 97 * index,
      is_between: index % 2 === 1,
      tracks: tracks.filter(({ bbox: [x1, y1, x2, y2] }) => x2 - x1 > 0.01 && y2 - y1 > 0.01),
    };
  });
  return {
    ...none(null, null),
    state: isRecording ? 'recording' : 'kept',
    track_id: Number(source.object.id),
    len_bytes: frames.reduce((sum, { len_bytes }) => sum + len_bytes, 0),
    frames,
  };
}

/** Answers `/alarms/ID/clip...`; gives false for everything else. */
export function clips({ reply, url, state, send, shotSource }) {
  const [what, id, action, more, file] = url.pathname
    .replace('/api/v1/', '')
    .split('/')
    .map(decodeURIComponent);
  if (what === 'clips') {
    const quota = 2e9;
    const cameras = state.cameras.map((camera, index) => ({
      camera_id: camera.id,
      camera_name: camera.name,
      is_on: camera.clips.is_on,
      len_bytes: index > 3 ? 0 : 1.7e9 / (index + 1),
      quota_bytes: quota,
      bytes_per_s: camera.status.bit_rate_bps / 8,
      fps: camera.status.fps,
      n_lost: 0,
    }));
    const len_bytes = cameras.reduce((sum, camera) => sum + camera.len_bytes, 0);
    send(reply, 200, { len_bytes, max_bytes: 20e9, free_bytes: 312e9, trouble: null, cameras });
    return true;
  }
  if (what !== 'alarms' || !action?.startsWith('clip')) return false;
  const event = state.events.find((one) => one.id === id);
  const missing = (message) => send(reply, 404, { error: { code: 'not_found', message } });
  if (event === undefined) missing('This alarm is no longer stored.');
  else {
    const source = shotSource(numberOf(id));
    const clip = clipOf(event, source);
    if (action === 'clip' && more === undefined) send(reply, 200, clip);
    else if (action !== 'clip') missing('The mock makes no clip files.');
    else {
      const index = Number.parseInt(file, 10);
      if (clip.frames[index] === undefined) missing('no such picture in this clip');
      else {
        reply.writeHead(200, { 'Content-Type': 'image/jpeg', 'Cache-Control': 'private, max-age=3600' });
        reply.end(frameJpeg(source.seed, source.seed === 2, source.n - BEFORE + index + 300));
      }
    }
  }
  return true;
}
