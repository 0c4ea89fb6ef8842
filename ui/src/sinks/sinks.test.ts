import { describe, expect, it } from 'vitest';

import { deliveryState, messages, type Sink } from './sinks';

const sink: Sink = {
  id: '1',
  name: 'a',
  is_enabled: true,
  fingerprint: null,
  queue: 0,
  delivered: 0,
  last_delivered_at: null,
  last_error: null,
  dead: 0,
  dropped: 0,
};

describe('state of deliveries', () => {
  it('tells what matters most', () => {
    const at = '2026-11-27T08:00:00Z';
    const texts = [
      sink,
      { ...sink, last_delivered_at: at },
      { ...sink, last_delivered_at: at, dead: 2 },
      { ...sink, last_delivered_at: at, dead: 2, last_error: 'nobody there' },
      { ...sink, is_enabled: false, last_error: 'nobody there' },
    ].map((sink) => deliveryState(sink).text);
    expect(texts).toEqual(['Nothing sent yet', 'Delivering', 'Some given up', 'Not taken', 'Switched off']);
  });

  it('counts one and many', () => {
    expect([messages(0), messages(1), messages(2)]).toEqual(['0 messages', '1 message', '2 messages']);
  });
});
