import { describe, expect, it } from 'vitest';
import { draftOf, emptyLink, fullUrl, inputOf, splitPasted, validateLink, type LinkDraft } from './link';

const link = (edit: Partial<LinkDraft> = {}): LinkDraft => ({
  ...emptyLink(),
  host: '192.168.0.10',
  ...edit,
});

describe('fullUrl', () => {
  const cases: [Partial<LinkDraft>, string][] = [
    [{ path: 'cgi-bin/mjpeg' }, 'http://192.168.0.10/cgi-bin/mjpeg'],
    [{ path: '/cgi-bin/mjpeg' }, 'http://192.168.0.10/cgi-bin/mjpeg'],
    [{ path: 'a?b=1&c=%20x' }, 'http://192.168.0.10/a?b=1&c=%20x'],
    [{ port: '80' }, 'http://192.168.0.10/'],
    [{ port: '443' }, 'http://192.168.0.10:443/'],
    [{ protocol: 'https', port: '443' }, 'https://192.168.0.10/'],
    [{ host: 'fe80::1', port: '8080' }, 'http://[fe80::1]:8080/'],
    [{ host: '[fe80::1]' }, 'http://[fe80::1]/'],
    [{ host: '', user: 'admin', password: 'secret' }, 'http://…/'],
  ];
  it.each(cases)('%j', (edit, expected) => expect(fullUrl(link(edit))).toBe(expected));
});

describe('validateLink', () => {
  it.each(['192.168.0.10', 'camera-7.local', 'cam', '::1', '[2001:db8::7]', 'fe80::1%eth0'])(
    'accepts %s',
    (host) => expect(validateLink(link({ host }))).toEqual({}),
  );
  it.each([
    ['', 'Type the camera'],
    ['http://cam', 'without http://'],
    ['cam/path', 'belongs into'],
    ['cam:80', 'port has its own field'],
    ['bad:80', 'port has its own field'],
    ['me@cam', 'own fields'],
    ['1.2.3', 'four numbers'],
    ['1.2.3.256', 'four numbers'],
    ['a b', 'neither'],
    ['-cam', 'neither'],
    ['a..b', 'neither'],
  ])('refuses address "%s"', (host, words) => expect(validateLink(link({ host })).host).toContain(words));
  it.each(['0', '65536', '-1', '8o', '1.5'])('refuses port %s', (port) =>
    expect(validateLink(link({ port })).port).toBeDefined(),
  );
  it('refuses a whole URL or a space in the path', () => {
    expect(validateLink(link({ path: 'http://x/y' })).path).toBeDefined();
    expect(validateLink(link({ path: 'a b' })).path).toBeDefined();
  });
  it('refuses a colon in the user name, which Basic cannot carry', () =>
    expect(validateLink(link({ user: 'a:b' })).user).toBeDefined());
  it.each(['', '0', 'x', '31'])('refuses one-shot rate "%s"', (oneShotFps) =>
    expect(validateLink(link({ oneShotFps })).one_shot_fps).toBeDefined(),
  );
});

describe('inputOf', () => {
  it('sends no password when the stored one is kept', () => {
    const stored = draftOf({ ...inputOf(link()), has_password: true });
    expect(inputOf(stored)).not.toHaveProperty('password');
    expect(inputOf({ ...stored, password: '' }).password).toBe('');
    expect(inputOf({ ...stored, password: 'new' }).password).toBe('new');
  });
  it('sends a blank port as none and keeps a path as typed', () => {
    expect(inputOf(link({ port: ' ', path: '/a?x=%2F' }))).toMatchObject({ port: null, path: '/a?x=%2F' });
  });
  it('drops a trusted certificate when the protocol has none', () => {
    expect(inputOf(link({ fingerprint: 'ab' })).fingerprint).toBeNull();
    expect(inputOf(link({ fingerprint: 'ab', protocol: 'https' })).fingerprint).toBe('ab');
  });
});

describe('splitPasted', () => {
  it('takes a whole URL apart', () =>
    expect(splitPasted('https://joe:pa:ss@cam.local:8443/a/b?c=1')).toEqual({
      protocol: 'https',
      host: 'cam.local',
      port: '8443',
      path: 'a/b?c=1',
      user: 'joe',
      password: 'pa:ss',
    }));
  it('handles IPv6 and no path', () =>
    expect(splitPasted('http://[::1]')).toEqual({ protocol: 'http', host: '::1', port: '', path: '' }));
  it('leaves anything else alone', () => expect(splitPasted('192.168.0.10')).toBeNull());
});
