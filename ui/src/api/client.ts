// The one place that talks HTTP to the relay.
//
// In: typed calls. Out: typed answers, or an `ApiError` with the relay's own words.
// Every call has a time limit. The session's CSRF token is kept here.
//
// Not here: live changes (`changes.ts`) and the live picture (`live/stream.ts`).

import type {
  Account,
  AuditPage,
  Camera,
  CameraInput,
  EventFilter,
  EventPage,
  LinkInput,
  LinkTest,
  Mode,
  ModelList,
  Preset,
  PresetInput,
  RelayEventDetail,
  Role,
  Session,
  SystemInfo,
} from './types';
import { ApiError, readError } from './errors';

export const BASE = '/api/v1';
const LIMIT_MS = 10_000;
/** A link test connects, signs in and waits for a picture: up to 15 s on the relay's side. */
const LINK_TEST_LIMIT_MS = 25_000;

let csrfToken = '';
/** For the calls that `fetch` cannot make, such as an upload with its progress. */
export const csrfHeader = (): [string, string] => ['X-Csrf-Token', csrfToken];
let onSignedOut: () => void = () => undefined;

/** Called whenever the relay says that nobody is signed in any more. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

function send(method: string, path: string, body?: unknown, limitMs = LIMIT_MS): Promise<Response> {
  return body === undefined
    ? sendBytes(method, path, null, null, limitMs)
    : sendBytes(method, path, JSON.stringify(body), 'application/json', limitMs);
}

/** A body that is not always JSON, and an answer that is not always read as text. */
export async function sendBytes(
  method: string,
  path: string,
  body: BodyInit | null,
  type: string | null,
  limitMs: number,
): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-Csrf-Token'] = csrfToken;
  if (type !== null) headers['Content-Type'] = type;
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      credentials: 'same-origin',
      signal: AbortSignal.timeout(limitMs),
      body,
    });
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
    throw new ApiError(
      0,
      timedOut ? 'timeout' : 'unreachable',
      timedOut
        ? `airelay did not answer within ${limitMs / 1000} s. Check that it is running and try again.`
        : 'airelay cannot be reached. Check that it is running and that this device is on its network.',
    );
  }
  return checked(response);
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const error = await readError(response);
  if (error.status === 401 && error.code !== 'bad_login') onSignedOut();
  throw error;
}

export async function call<T>(method: string, path: string, body?: unknown, limitMs?: number): Promise<T> {
  const response = await send(method, path, body, limitMs);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

const id = encodeURIComponent;

export function query(values: object): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (Array.isArray(value)) value.forEach((one) => parts.append(name, String(one)));
    else if (value !== undefined && value !== null && value !== '') parts.set(name, String(value));
  }
  const text = parts.toString();
  return text === '' ? '' : `?${text}`;
}

export async function getSession(): Promise<Session> {
  const session = await call<Session>('GET', '/session');
  csrfToken = session.csrf_token;
  return session;
}

export const setUp = (input: { token: string; name: string; password: string }) =>
  call<unknown>('POST', '/setup', input);
export const signIn = (input: { name: string; password: string }) => call<unknown>('POST', '/session', input);
export const signOut = () => call<unknown>('DELETE', '/session');

/** All other sessions of the account end; ask for the session again afterwards. */
export const changeOwnPassword = (input: { present: string; new: string }) =>
  call<unknown>('PUT', '/session/password', input);

export const listAccounts = async () => (await call<{ accounts: Account[] }>('GET', '/accounts')).accounts;
export const addAccount = (input: { name: string; role: Role; password: string }) =>
  call<Account>('POST', '/accounts', input);
/** What is absent stays. */
export const putAccount = (
  accountId: number,
  input: { role?: Role; password?: string; is_enabled?: boolean },
) => call<Account>('PUT', `/accounts/${accountId}`, input);
export const deleteAccount = (accountId: number) => call<unknown>('DELETE', `/accounts/${accountId}`);

export const listCameras = async () => (await call<{ cameras: Camera[] }>('GET', '/cameras')).cameras;
export const getCamera = (cameraId: string) => call<Camera>('GET', `/cameras/${id(cameraId)}`);
export const addCamera = (input: { name: string; link: LinkInput }) =>
  call<Camera>('POST', '/cameras', input);
export const putCamera = (input: CameraInput) => call<Camera>('PUT', `/cameras/${id(input.id)}`, input);
export const deleteCamera = (cameraId: string) => call<unknown>('DELETE', `/cameras/${id(cameraId)}`);
export const setCameraEnabled = (cameraId: string, isEnabled: boolean) =>
  call<unknown>('POST', `/cameras/${id(cameraId)}/enabled`, { is_enabled: isEnabled });
export const testLink = (link: LinkInput, cameraId?: string) =>
  call<LinkTest>(
    'POST',
    '/link_test',
    cameraId === undefined ? { link } : { link, camera_id: cameraId },
    LINK_TEST_LIMIT_MS,
  );

/** The latest picture as received; null when there is none yet. */
export async function getFrame(cameraId: string): Promise<Blob | null> {
  try {
    const response = await send('GET', `/cameras/${id(cameraId)}/frame.jpg`);
    return await response.blob();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** Opens the endless live stream; it has no time limit, `signal` ends it. */
export async function openLive(cameraId: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(`${BASE}/cameras/${id(cameraId)}/live`, {
    credentials: 'same-origin',
    signal,
  });
  return checked(response);
}

export const listPresets = async () => (await call<{ presets: Preset[] }>('GET', '/presets')).presets;
export const getPresetCommand = (presetId: string, input: PresetInput) =>
  call<{ path: string; mode: Mode }>('GET', `/presets/${id(presetId)}/command${query(input)}`);

export const listEvents = (filter: EventFilter) => call<EventPage>('GET', `/events${query(filter)}`);
export const getEvent = (eventId: string) => call<RelayEventDetail>('GET', `/events/${id(eventId)}`);

export const getSystem = () => call<SystemInfo>('GET', '/system');

export const listModels = () => call<ModelList>('GET', '/models');
export const chooseModel = (name: string) =>
  call<ModelList>('PUT', '/models/chosen', { name }, LINK_TEST_LIMIT_MS);
export const switchLooks = (name: string, isUsed: boolean) =>
  call<ModelList>('PUT', `/models/looks/${id(name)}`, { is_used: isUsed }, LINK_TEST_LIMIT_MS);
export const deleteModel = (name: string) => call<unknown>('DELETE', `/models/${id(name)}`);
export const listAudit = (before?: number) => call<AuditPage>('GET', `/audit${query({ before })}`);

export const licencesUrl = `${BASE}/licences`;
export const changesUrl = `${BASE}/changes`;
