// Live numbers of one camera's programs: server-sent events with reconnect.

import { programsLiveUrl } from '../api/analyticsClient';
import type { ProgramsLive } from '../api/analytics';

const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 10_000;

/** Follows until the returned function is called; null = the connection is lost. */
export function followPrograms(cameraId: string, onLive: (live: ProgramsLive | null) => void): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let delayMs = MIN_DELAY_MS;
  let isClosed = false;

  const hear = (message: MessageEvent<string>) => {
    try {
      onLive(JSON.parse(message.data) as ProgramsLive);
      delayMs = MIN_DELAY_MS;
    } catch {
      // A message that is not understood is left out; the next comes soon.
    }
  };
  const open = () => {
    if (isClosed) return;
    const current = new EventSource(programsLiveUrl(cameraId));
    source = current;
    current.onmessage = hear;
    current.addEventListener('live', hear);
    current.onerror = () => {
      current.close();
      if (isClosed) return;
      onLive(null);
      timer = setTimeout(open, delayMs);
      delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
    };
  };
  open();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    source?.close();
  };
}
