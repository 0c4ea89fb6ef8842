// Keeps one camera's live stream open: connect, read, reconnect with growing pauses.
//
// A viewer that is slower than the stream sees the newest record only; skipped ones are counted.

import { openLive } from '../api/client';
import { messageOf } from '../api/errors';
import { RecordReader, type LiveRecord } from './records';

export interface LiveListener {
  /** Shows one record; the next is handed over only when the promise is done. */
  onRecord(record: LiveRecord): Promise<void>;
  onState(state: 'connecting' | 'playing' | 'lost', message: string): void;
  onSkipped(count: number): void;
}

const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 10_000;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Shows records one at a time and keeps only the newest of those that wait. */
class LatestRecord {
  #waiting: LiveRecord | null = null;
  #isBusy = false;

  constructor(private readonly listener: LiveListener) {}

  offer(record: LiveRecord): void {
    if (this.#waiting !== null) this.listener.onSkipped(1);
    this.#waiting = record;
    if (!this.#isBusy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting !== null) {
      const record = this.#waiting;
      this.#waiting = null;
      try {
        await this.listener.onRecord(record);
      } catch {
        // A picture the browser cannot decode is skipped like a late one.
        this.listener.onSkipped(1);
      }
    }
    this.#isBusy = false;
  }
}

async function readOnce(cameraId: string, listener: LiveListener, signal: AbortSignal): Promise<boolean> {
  const response = await openLive(cameraId, signal);
  if (response.body === null) throw new Error('The live picture came without content.');
  const reader = response.body.getReader();
  const records = new RecordReader();
  const latest = new LatestRecord(listener);
  let hasPlayed = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return hasPlayed;
    for (const record of records.push(value)) {
      if (!hasPlayed) listener.onState('playing', '');
      hasPlayed = true;
      latest.offer(record);
    }
  }
}

/** Plays until `signal` is aborted. */
export async function playLive(cameraId: string, listener: LiveListener, signal: AbortSignal): Promise<void> {
  let delayMs = MIN_DELAY_MS;
  listener.onState('connecting', '');
  while (!signal.aborted) {
    let message = 'The live picture ended.';
    try {
      if (await readOnce(cameraId, listener, signal)) delayMs = MIN_DELAY_MS;
    } catch (error) {
      message = messageOf(error);
    }
    if (signal.aborted) return;
    listener.onState('lost', message);
    await pause(delayMs, signal);
    delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
  }
}
