import { describe, expect, it } from 'vitest';

import { FIRST_BODIES, FIRST_FORM, bodyFor, sentWords } from './webhooks';

describe('forms of one’s own', () => {
  it('a body that was typed survives another content type, one of ours does not', () => {
    const xml = FIRST_BODIES['application/xml'];
    expect(bodyFor(FIRST_FORM.body, 'application/xml')).toBe(xml);
    expect(bodyFor('mine', 'application/xml')).toBe('mine');
    expect(bodyFor('  ', 'text/plain')).toBe('{text}');
    expect(bodyFor(FIRST_FORM.body, 'x/y')).toBe(FIRST_FORM.body);
  });

  it('are told in a few words', () => {
    expect(sentWords({ template: null })).toBe('airelay’s JSON document');
    expect(sentWords({ template: FIRST_FORM })).toBe('POST, application/json');
    expect(sentWords({ template: { ...FIRST_FORM, method: 'GET' } })).toBe('GET, all in the address');
  });
});
