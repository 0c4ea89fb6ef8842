// What all pages share: who is signed in, cameras, system facts, newest alarms, the connection.
//
// Everything here is filled by the API and kept fresh by live changes.

import { openChanges, type Change } from '../api/changes';
import * as api from '../api/client';
import { messageOf } from '../api/errors';
import type { Camera, RelayEvent, Session, SystemInfo } from '../api/types';
import { withCamera, withEvents, withShot, withStatus } from '../lib/reducers';
import { chime } from './sound.svelte';

/** Newest alarms kept for the badge and the camera cards. */
const RECENT = 200;

interface App {
  session: Session | null;
  /** Why the session could not be asked for. */
  startError: string | null;
  cameras: Camera[] | null;
  camerasError: string | null;
  system: SystemInfo | null;
  recent: RelayEvent[];
  /** Alarms that began since the alarms page was last open. */
  unseen: number;
  isConnected: boolean;
  /** The present time, for relative times; moves once a second. */
  nowMs: number;
}

export const app = $state<App>({
  session: null,
  startError: null,
  cameras: null,
  camerasError: null,
  system: null,
  recent: [],
  unseen: 0,
  isConnected: true,
  nowMs: Date.now(),
});

type EventListener = (change: Extract<Change, { type: 'event' | 'shot' | 'alarm' | 'handled' }>) => void;
const eventListeners = new Set<EventListener>();
const reopenListeners = new Set<() => void>();

/** Hears every alarm, its steps and pictures, and what is done with it; returns how to stop. */
export function onEvents(listener: EventListener, onMissed: () => void): () => void {
  eventListeners.add(listener);
  reopenListeners.add(onMissed);
  return () => {
    eventListeners.delete(listener);
    reopenListeners.delete(onMissed);
  };
}

export async function loadSession(): Promise<void> {
  try {
    app.session = await api.getSession();
    app.startError = null;
  } catch (error) {
    app.startError = messageOf(error);
  }
}

export async function loadCameras(): Promise<void> {
  try {
    app.cameras = await api.listCameras();
    app.camerasError = null;
  } catch (error) {
    app.camerasError = messageOf(error);
  }
}

async function loadCamera(cameraId: string): Promise<void> {
  try {
    app.cameras = withCamera(app.cameras ?? [], await api.getCamera(cameraId));
  } catch {
    // It was deleted, or something is wrong that loading all of them will tell.
    await loadCameras();
  }
}

export async function loadSystem(): Promise<void> {
  app.system = await api.getSystem().catch(() => app.system);
}

async function loadRecent(): Promise<void> {
  const page = await api.listEvents({ limit: RECENT }).catch(() => null);
  if (page !== null) app.recent = withEvents(app.recent, page.events).slice(0, RECENT);
}

/** Asks for everything again: at the start, and when changes may have been missed. */
function loadAll(): void {
  void loadCameras();
  void loadSystem();
  void loadRecent();
  reopenListeners.forEach((listener) => listener());
}

export function putCameraLocally(camera: Camera): void {
  app.cameras = withCamera(app.cameras ?? [], camera);
}

export function removeCameraLocally(cameraId: string): void {
  app.cameras = (app.cameras ?? []).filter((camera) => camera.id !== cameraId);
}

function onChange(change: Change): void {
  switch (change.type) {
    case 'camera':
      if (app.cameras !== null) app.cameras = withStatus(app.cameras, change.id, change.status);
      break;
    case 'event':
      app.recent = withEvents(app.recent, [change.event]).slice(0, RECENT);
      eventListeners.forEach((listener) => listener(change));
      break;
    case 'alarm':
      app.unseen += 1;
      chime(change.alarm.alarm.severity, change.alarm.alarm.is_quiet);
      eventListeners.forEach((listener) => listener(change));
      break;
    case 'handled':
      eventListeners.forEach((listener) => listener(change));
      break;
    case 'shot':
      app.recent = withShot(app.recent, change.event_id, change.url);
      eventListeners.forEach((listener) => listener(change));
      break;
    case 'settings':
      void loadCamera(change.camera_id);
      break;
    case 'system':
      void loadSystem();
      break;
    case 'reload':
      loadAll();
      break;
  }
}

let lostTimer: ReturnType<typeof setTimeout> | undefined;

function onState(isConnected: boolean): void {
  clearTimeout(lostTimer);
  // A break shorter than this is not worth a banner.
  if (isConnected) app.isConnected = true;
  else lostTimer = setTimeout(() => (app.isConnected = false), 1500);
}

/** Loads everything and follows changes until the returned function is called. */
export function startLive(): () => void {
  loadAll();
  const close = openChanges({
    onChange,
    onState,
    onRetry: () => void loadSession(),
    onReopened: loadAll,
  });
  return () => {
    close();
    clearTimeout(lostTimer);
    Object.assign(app, { cameras: null, recent: [], unseen: 0, isConnected: true });
  };
}

export function startClock(): void {
  setInterval(() => (app.nowMs = Date.now()), 1000);
}

export async function signOut(): Promise<void> {
  await api.signOut();
  await loadSession();
}
