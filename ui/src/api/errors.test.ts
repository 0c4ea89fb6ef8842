import { describe, expect, it } from 'vitest';
import { parseChange } from './changes';
import { parseError } from './errors';

describe('parseError', () => {
  it('keeps the relay’s words, fields and waiting time', () => {
    const body = {
      error: {
        code: 'locked',
        message: 'Too many tries.',
        retry_after_s: 30,
        fields: { 'link.host': 'empty' },
      },
    };
    expect(parseError(429, JSON.stringify(body))).toMatchObject({
      status: 429,
      code: 'locked',
      message: 'Too many tries.',
      retryAfterS: 30,
      fields: { host: 'empty' },
    });
  });
  it.each(['', '<html>', 'null', '[]', '{"error":"x"}'])('still says something for %s', (text) =>
    expect(parseError(502, text).message).toContain('502'),
  );
});

describe('parseChange', () => {
  it('reads what it knows', () =>
    expect(parseChange('shot', '{"event_id":"1","url":"/x"}')).toEqual({
      type: 'shot',
      event_id: '1',
      url: '/x',
    }));
  it.each([
    ['shot', '{"event'],
    ['camera', '7'],
    ['unheard_of', '{}'],
  ])('ignores %s %s', (type, data) => expect(parseChange(type, data)).toBeNull());
});
