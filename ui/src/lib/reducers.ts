// How lists change when the relay reports something. Pure.

import type { Camera, CameraStatus, RelayEvent } from '../api/types';

export function withStatus(cameras: readonly Camera[], cameraId: string, status: CameraStatus): Camera[] {
  return cameras.map((camera) => (camera.id === cameraId ? { ...camera, status } : camera));
}

export function withCamera(cameras: readonly Camera[], next: Camera): Camera[] {
  const known = cameras.some((camera) => camera.id === next.id);
  return known ? cameras.map((camera) => (camera.id === next.id ? next : camera)) : [...cameras, next];
}

/** Event ids are in order of time as text: newest first is greatest first. */
function newestFirst(a: RelayEvent, b: RelayEvent): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

/** A later step replaces an earlier one; a step without picture keeps the picture known before. */
export function mergeEvent(known: RelayEvent, next: RelayEvent): RelayEvent {
  const isOlder =
    Date.parse(next.at) < Date.parse(known.at) || (known.phase === 'end' && next.phase !== 'end');
  if (isOlder) return known;
  return { ...next, shot: next.shot ?? known.shot };
}

/** Adds or replaces events, newest first, without doubles. */
export function withEvents(events: readonly RelayEvent[], more: readonly RelayEvent[]): RelayEvent[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  for (const event of more) {
    const known = byId.get(event.id);
    byId.set(event.id, known === undefined ? event : mergeEvent(known, event));
  }
  return [...byId.values()].sort(newestFirst);
}

/** A new picture for an event: only its address changes, the rest comes with the next step. */
export function withShot(events: readonly RelayEvent[], eventId: string, url: string): RelayEvent[] {
  return events.map((event) => {
    if (event.id !== eventId) return event;
    const shot = event.shot ?? {
      stage: 'early' as const,
      width_px: 0,
      height_px: 0,
      quality: { size: 0, sharpness: 0, whole: 0, confidence: 0, exposure: 0, total: 0 },
    };
    return { ...event, shot: { ...shot, url } };
  });
}
