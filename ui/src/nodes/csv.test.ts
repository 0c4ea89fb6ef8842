import { expect, it } from 'vitest';
import type { Node } from '../api/nodes';
import { emptyWanted, fromCsv, toCsv } from './csv';

const node = (name: string, host: string | null): Node => ({
  id: 'x',
  name,
  is_own: host === null,
  is_enabled: true,
  address: host === null ? null : { host, port: 8443, is_tls: true, fingerprint: 'ab' },
  state: 'following',
  error: null,
  notice: null,
  version: null,
  heard_at: null,
  lag_s: 0,
  n_behind: 0,
  has_history_left: false,
  cameras: [],
});

it('reads what it wrote, odd names among it, and leaves out the own one', () => {
  const text = toCsv([node('This airelay', null), node('West, "old" gate', '10.0.0.7')]);
  expect(text.split('\r\n')[0]).toBe('name,host,port,ssl,fingerprint,enabled');
  expect(fromCsv(text)).toEqual({
    wanted: [{ name: 'West, "old" gate', host: '10.0.0.7', port: 8443, isTls: true, fingerprint: 'ab' }],
    errors: [],
  });
});

it('takes a plain list of addresses, with ports and semicolons', () => {
  expect(fromCsv('10.0.0.7\n\n10.0.0.8:9000\n').wanted).toEqual([
    { ...emptyWanted(), host: '10.0.0.7' },
    { ...emptyWanted(), host: '10.0.0.8', port: 9000 },
  ]);
  expect(fromCsv('address;name\n10.0.0.9;East').wanted).toEqual([
    { ...emptyWanted(), host: '10.0.0.9', name: 'East' },
  ]);
});

it('says what is wrong in which line and reads the others', () => {
  const { wanted, errors } = fromCsv('name,host,port\nA,,1\nB,10.0.0.1,99999\nC,10.0.0.2,80');
  expect(wanted.map(({ name }) => name)).toEqual(['C']);
  expect(errors).toEqual(['Line 2: no address.', 'Line 3: the port 99999 is none; use 1 to 65535.']);
});

it('takes no more than one airelay can guard', () => {
  const { wanted, errors } = fromCsv(Array.from({ length: 66 }, (_, n) => `10.0.1.${n}`).join('\n'));
  expect([wanted.length, errors.length]).toEqual([64, 2]);
});
