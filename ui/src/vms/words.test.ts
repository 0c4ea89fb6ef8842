import { describe, expect, it } from 'vitest';
import type { Vms } from '../api/vms';
import { VmsDraft } from './draft.svelte';
import { inputOf, usualPort } from './words';

const vms: Vms = {
  id: '1',
  name: 'XProtect',
  is_enabled: true,
  host: '192.0.2.5',
  port: 443,
  is_tls: true,
  fingerprint: null,
  user: 'relay',
  timeout_s: 20,
  kinds: ['intruder'],
  has_ends: false,
  system: {
    type: 'milestone',
    notification_port: 9091,
    has_alarms: false,
    event_name: '{kind} {object}',
    priority: 3,
  },
  matches: {},
  to_define: [],
  queue: 0,
  delivered: 0,
  last_delivered_at: null,
  last_error: null,
  dead: 0,
  dropped: 0,
};

describe('a draft of a VMS server', () => {
  it('keeps what was stored, and the password by leaving it out', () => {
    const input = new VmsDraft(vms).input();
    const { port, ...rest } = inputOf(vms);
    expect(port).toBe(443);
    // The usual port is left out, so that it follows a change of SSL.
    expect(input).toEqual(rest);
    expect('password' in input).toBe(false);
  });

  it('keeps a port that somebody changed', () => {
    expect(new VmsDraft({ ...vms, port: 8443 }).input().port).toBe(8443);
  });

  it('sends what only the chosen system has', () => {
    const draft = new VmsDraft(null);
    draft.type = 'genetec';
    draft.applicationId = ' 11111111-2222-3333-4444-555555555555 ';
    expect(draft.input().system).toEqual({
      type: 'genetec',
      application_id: '11111111-2222-3333-4444-555555555555',
      base_path: 'WebSdk',
      first_event_number: 5000,
      alarm_id: null,
      has_bookmarks: false,
    });
    expect(draft.input().password).toBe('');
  });
});

describe('words about a VMS server', () => {
  it('tells usual ports', () => {
    expect([usualPort('milestone', false), usualPort('milestone', true), usualPort('genetec', true)]).toEqual(
      [80, 443, 4590],
    );
  });
});
