// Live changes from the relay: server-sent events with reconnect.
//
// Out: typed changes, and whether the connection stands. After a break, `onReopened`
// tells the stores to ask for everything again, because changes may have been missed.

import { changesUrl } from './client';
import type { Alarm, Handled } from './alarms';
import type { CameraStatus, RelayEvent } from './types';

export type Change =
  | { type: 'camera'; id: string; status: CameraStatus }
  | { type: 'event'; event: RelayEvent }
  | { type: 'shot'; event_id: string; url: string }
  | { type: 'alarm'; alarm: Alarm }
  | { type: 'handled'; by: string; alarms: Handled[] }
  | { type: 'settings'; camera_id: string }
  | { type: 'system' }
  | { type: 'reload' };

export interface ChangeListener {
  onChange(change: Change): void;
  onState(isConnected: boolean): void;
  onReopened(): void;
  /** Before each new try: the moment to find out whether the session ended. */
  onRetry(): void;
}

const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 15_000;

/** Turns one server-sent event into a change; null when it is not understood. */
export function parseChange(type: string, data: string): Change | null {
  let value: unknown;
  try {
    value = data === '' ? {} : JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  switch (type) {
    case 'camera':
      return { type, ...(value as { id: string; status: CameraStatus }) };
    case 'event':
      return { type, event: value as RelayEvent };
    case 'shot':
      return { type, ...(value as { event_id: string; url: string }) };
    case 'alarm':
      return { type, alarm: value as Alarm };
    case 'handled':
      return { type, ...(value as { by: string; alarms: Handled[] }) };
    case 'settings':
      return { type, ...(value as { camera_id: string }) };
    case 'system':
    case 'reload':
      return { type };
    default:
      return null;
  }
}

/** Opens the stream; the returned function closes it for good. */
export function openChanges(listener: ChangeListener): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let delayMs = MIN_DELAY_MS;
  let wasOpen = false;
  let isClosed = false;

  const open = () => {
    const current = new EventSource(changesUrl);
    source = current;
    current.onopen = () => {
      delayMs = MIN_DELAY_MS;
      listener.onState(true);
      if (wasOpen) listener.onReopened();
      wasOpen = true;
    };
    current.onerror = () => {
      // The browser's own retry stays silent about a signed-out session, so we retry ourselves.
      current.close();
      if (isClosed) return;
      listener.onState(false);
      timer = setTimeout(reopen, delayMs);
      delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
    };
    for (const type of ['camera', 'event', 'shot', 'alarm', 'handled', 'settings', 'system', 'reload']) {
      current.addEventListener(type, (message: MessageEvent<string>) => {
        const change = parseChange(type, message.data);
        if (change !== null) listener.onChange(change);
      });
    }
  };
  const reopen = () => {
    if (isClosed) return;
    listener.onRetry();
    open();
  };

  open();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    source?.close();
  };
}
