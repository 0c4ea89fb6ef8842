// Reader of the live stream's records: u32 length, JSON, u32 length, JPEG (lengths big-endian).
//
// In: chunks cut anywhere. Out: whole records in order. Memory is bounded by the
// limits below; a length beyond them ends the stream, because nothing after it can be trusted.

import type { LiveScene } from '../api/types';

export interface LiveRecord {
  scene: LiveScene;
  jpeg: Uint8Array<ArrayBuffer>;
}

export const MAX_JSON_BYTES = 1 << 20;
export const MAX_JPEG_BYTES = 32 << 20;

export class RecordReader {
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(64 * 1024);
  #length = 0;
  readonly #decoder = new TextDecoder();

  /** Takes the next chunk and returns every record that is now whole. */
  push(chunk: Uint8Array): LiveRecord[] {
    this.#append(chunk);
    const records: LiveRecord[] = [];
    let start = 0;
    for (;;) {
      const record = this.#readAt(start);
      if (record === null) break;
      records.push(record.value);
      start = record.end;
    }
    if (start > 0) {
      this.#buffer.copyWithin(0, start, this.#length);
      this.#length -= start;
    }
    return records;
  }

  /** Bytes of a record that is not whole yet. */
  get pendingBytes(): number {
    return this.#length;
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = needed;
  }

  #readAt(start: number): { value: LiveRecord; end: number } | null {
    const json = this.#partAt(start, MAX_JSON_BYTES, 'description');
    if (json === null) return null;
    const jpeg = this.#partAt(json.end, MAX_JPEG_BYTES, 'picture');
    if (jpeg === null) return null;
    const text = this.#decoder.decode(this.#buffer.subarray(json.start, json.end));
    return {
      value: { scene: JSON.parse(text) as LiveScene, jpeg: this.#buffer.slice(jpeg.start, jpeg.end) },
      end: jpeg.end,
    };
  }

  #partAt(at: number, maxBytes: number, what: string): { start: number; end: number } | null {
    if (at + 4 > this.#length) return null;
    const lengthBytes = new DataView(this.#buffer.buffer).getUint32(at);
    if (lengthBytes > maxBytes) {
      throw new RangeError(`read live stream: ${what} of ${lengthBytes} bytes exceeds ${maxBytes}`);
    }
    const start = at + 4;
    return start + lengthBytes > this.#length ? null : { start, end: start + lengthBytes };
  }
}
