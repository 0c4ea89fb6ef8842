import { describe, expect, it } from 'vitest';
import type { LiveScene } from '../api/types';
import { MAX_JSON_BYTES, RecordReader } from './records';

function scene(seq: number): LiveScene {
  return {
    seq,
    captured_at: '2026-01-01T00:00:00Z',
    tracks: [
      {
        id: seq,
        class: 'person',
        score: 0.9,
        state: 'confirmed',
        bbox: [0, 0, 1, 1],
        is_stationary: false,
      },
    ],
    motion: [],
    active_zones: [1, 7],
  };
}

function encode(value: LiveScene, jpeg: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(value));
  const bytes = new Uint8Array(8 + json.length + jpeg.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, json.length);
  bytes.set(json, 4);
  view.setUint32(4 + json.length, jpeg.length);
  bytes.set(jpeg, 8 + json.length);
  return bytes;
}

/** Small repeatable random numbers, so that a failure can be run again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('RecordReader', () => {
  it('gives the same records however the stream is cut', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = randomOf(seed);
      const jpegs = Array.from({ length: 5 }, () =>
        Uint8Array.from({ length: random(3000) }, () => random(256)),
      );
      const stream = Uint8Array.from(jpegs.flatMap((jpeg, seq) => [...encode(scene(seq), jpeg)]));
      const reader = new RecordReader();
      const records = [];
      for (let at = 0; at < stream.length;) {
        const size = 1 + random(seed % 3 === 0 ? 7 : 4000);
        records.push(...reader.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(
        records.map((record) => record.scene),
        `seed ${seed}`,
      ).toEqual(jpegs.map((_, seq) => scene(seq)));
      expect(records.map((record) => [...record.jpeg])).toEqual(jpegs.map((jpeg) => [...jpeg]));
      expect(reader.pendingBytes).toBe(0);
    }
  });

  it('keeps its own copy of the picture', () => {
    const bytes = encode(scene(1), Uint8Array.of(1, 2, 3));
    const reader = new RecordReader();
    const [record] = reader.push(bytes);
    reader.push(encode(scene(2), Uint8Array.of(9, 9, 9)));
    expect([...(record?.jpeg ?? [])]).toEqual([1, 2, 3]);
  });

  it('waits for the rest of a record', () => {
    const bytes = encode(scene(1), new Uint8Array(10));
    const reader = new RecordReader();
    expect(reader.push(bytes.subarray(0, bytes.length - 1))).toEqual([]);
    expect(reader.pendingBytes).toBe(bytes.length - 1);
    expect(reader.push(bytes.subarray(bytes.length - 1))).toHaveLength(1);
  });

  it('refuses a length beyond its limit instead of collecting for ever', () => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, MAX_JSON_BYTES + 1);
    expect(() => new RecordReader().push(bytes)).toThrow(/exceeds/);
  });
});
