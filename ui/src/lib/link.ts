// A linked camera's settings while they are typed: checks and the resulting address.
//
// In: text as typed. Out: a message per field, the URL the relay will ask for, the API's form.
// The relay checks again and has the last word.

import type { Link, LinkInput, Mode, Protocol } from '../api/types';

export interface LinkDraft {
  protocol: Protocol;
  host: string;
  port: string;
  path: string;
  user: string;
  /** undefined = keep the stored one, "" = none, text = this one. */
  password: string | undefined;
  hasPassword: boolean;
  mode: Mode;
  channel: number;
  fingerprint: string | null;
  oneShotFps: string;
}

export type LinkErrors = Partial<Record<'host' | 'port' | 'path' | 'user' | 'one_shot_fps', string>>;

export function emptyLink(): LinkDraft {
  return {
    protocol: 'http',
    host: '',
    port: '',
    path: '',
    user: '',
    password: '',
    hasPassword: false,
    mode: 'automatic',
    channel: 1,
    fingerprint: null,
    oneShotFps: '5',
  };
}

export function draftOf(link: Link): LinkDraft {
  return {
    protocol: link.protocol,
    host: link.host,
    port: link.port === null ? '' : String(link.port),
    path: link.path,
    user: link.user,
    password: link.has_password ? undefined : '',
    hasPassword: link.has_password,
    mode: link.mode,
    channel: link.channel,
    fingerprint: link.fingerprint,
    oneShotFps: String(link.one_shot_fps),
  };
}

export function inputOf(draft: LinkDraft): LinkInput {
  const port = draft.port.trim();
  return {
    protocol: draft.protocol,
    host: draft.host.trim(),
    port: port === '' ? null : Number(port),
    path: draft.path.trim(),
    user: draft.user,
    mode: draft.mode,
    channel: draft.channel,
    fingerprint: draft.protocol === 'https' ? draft.fingerprint : null,
    one_shot_fps: Number(draft.oneShotFps),
    ...(draft.password === undefined ? {} : { password: draft.password }),
  };
}

function isIpv6(host: string): boolean {
  return host.split(':').length > 2 && /^[0-9a-f:.]+(%[\w.-]+)?$/i.test(host);
}

function hostError(typed: string): string | undefined {
  const host = typed.trim();
  if (host === '') return 'Type the camera’s address, such as 192.168.0.10.';
  if (/^https?:\/\//i.test(host))
    return 'Only the address here, without http://. Choose the protocol on the left.';
  if (host.includes('/'))
    return 'Only the address here. What follows the first / belongs into the stream URL.';
  if (host.includes('@')) return 'Only the address here. User name and password have their own fields.';
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (bare.includes(':')) {
    return isIpv6(bare) ? undefined : 'Only the address here. The port has its own field.';
  }
  if (!/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?$/i.test(bare) || bare.includes('..')) {
    return 'This is neither an IP address nor a host name.';
  }
  if (/^[\d.]+$/.test(bare)) {
    const parts = bare.split('.');
    const fits = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
    if (!fits) return 'An IP address has four numbers from 0 to 255, such as 192.168.0.10.';
  }
  return undefined;
}

export function validateLink(draft: LinkDraft): LinkErrors {
  const errors: LinkErrors = {};
  const host = hostError(draft.host);
  if (host !== undefined) errors.host = host;
  const port = draft.port.trim();
  if (port !== '' && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    errors.port = 'A port is a number from 1 to 65535. Leave it blank for the usual one.';
  }
  if (/^https?:\/\//i.test(draft.path.trim())) {
    errors.path = 'Only what follows the address, such as cgi-bin/mjpeg.';
  } else if (/\s/.test(draft.path.trim())) {
    errors.path = 'A URL has no spaces. Write %20 where one is needed.';
  }
  if (draft.user.includes(':')) errors.user = 'A camera user name cannot hold a colon.';
  const oneShotFps = Number(draft.oneShotFps);
  if (draft.oneShotFps.trim() === '' || !(oneShotFps >= 0.1 && oneShotFps <= 30)) {
    errors.one_shot_fps = 'From 0.1 to 30 pictures a second.';
  }
  return errors;
}

/** What will be asked for. User name and password are never part of it. */
export function fullUrl(draft: LinkDraft): string {
  const bare = draft.host.trim().replace(/^\[(.*)\]$/, '$1');
  const host = bare === '' ? '…' : isIpv6(bare) ? `[${bare}]` : bare;
  const usual = draft.protocol === 'https' ? '443' : '80';
  const port = draft.port.trim();
  const path = draft.path.trim();
  const shownPort = port === '' || port === usual ? '' : `:${port}`;
  return `${draft.protocol}://${host}${shownPort}${path.startsWith('/') ? '' : '/'}${path}`;
}

/** Splits a whole URL pasted into the address field into its parts. */
export function splitPasted(text: string): Partial<LinkDraft> | null {
  const match = /^\s*(https?):\/\/(?:([^@/]*)@)?(\[[^\]]+\]|[^:/?#\s]+)(?::(\d+))?(\/\S*)?\s*$/i.exec(text);
  if (match === null) return null;
  const [, protocol, login, host, port, path] = match;
  const [user, ...password] = (login ?? '').split(':');
  return {
    protocol: protocol?.toLowerCase() === 'https' ? 'https' : 'http',
    host: (host ?? '').replace(/^\[(.*)\]$/, '$1'),
    port: port ?? '',
    path: (path ?? '').replace(/^\//, ''),
    ...(login === undefined ? {} : { user: user ?? '', password: password.join(':') }),
  };
}
