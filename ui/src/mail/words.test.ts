import { describe, expect, it } from 'vitest';
import type { MailServer } from '../api/mail';
import { MailDraft } from './draft.svelte';
import { addressesIn, recipientsProblem, usualPort } from './words';

const server: MailServer = {
  id: '1',
  name: 'Guards',
  is_enabled: true,
  host: 'smtp.example',
  port: 587,
  encryption: 'starttls',
  fingerprint: null,
  user: 'relay',
  from: 'relay@site.example',
  to: ['guard@site.example', 'boss@site.example'],
  timeout_s: 25,
  kinds: ['intruder'],
  has_ends: true,
  least_severity: 'high',
  max_per_hour: 12,
  held_back: 0,
  held_since: null,
  queue: 0,
  delivered: 0,
  last_delivered_at: null,
  last_error: null,
  dead: 0,
  dropped: 0,
};

describe('a draft of alarms by e-mail', () => {
  it('keeps what was stored, the password by leaving it out, and the usual port likewise', () => {
    expect(new MailDraft(server).input()).toEqual({
      name: 'Guards',
      is_enabled: true,
      host: 'smtp.example',
      encryption: 'starttls',
      fingerprint: null,
      user: 'relay',
      from: 'relay@site.example',
      to: ['guard@site.example', 'boss@site.example'],
      timeout_s: 25,
      kinds: ['intruder'],
      has_ends: true,
      least_severity: 'high',
      max_per_hour: 12,
    });
    expect(new MailDraft({ ...server, port: 2525 }).input().port).toBe(2525);
  });
});

describe('words about e-mail', () => {
  it('reads addresses by lines, commas and semicolons', () => {
    expect(addressesIn(' a@x.example\n\nb@x.example, C <c@x.example>;')).toEqual([
      'a@x.example',
      'b@x.example',
      'C <c@x.example>',
    ]);
  });

  it('says what is wrong with recipients', () => {
    expect(recipientsProblem(' ')).toMatch(/at least one/);
    expect(recipientsProblem('a@x.example, b')).toMatch(/“b” is no address/);
    expect(recipientsProblem('a@x.example\n'.repeat(9))).toMatch(/9 addresses/);
    expect(recipientsProblem('a@x.example')).toBeUndefined();
  });

  it('tells usual ports', () => {
    expect((['tls', 'starttls', 'none'] as const).map(usualPort)).toEqual([465, 587, 25]);
  });
});
