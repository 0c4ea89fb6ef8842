import { expect, it } from 'vitest';
import { hasPictures, linkOf, profileWords } from './found';

const picture = { protocol: 'https', host: '10.0.0.7', port: 8443, path: '/a?b=1', told_host: null } as const;
const profile = {
  name: 'Main',
  encoding: 'H264',
  width_px: 640,
  height_px: 360,
  stream: null,
  snapshot: picture,
};

it('a single picture becomes a one-shot link, with the login that read it', () => {
  expect(linkOf(picture, 'root', 'pw')).toEqual({
    protocol: 'https',
    host: '10.0.0.7',
    port: '8443',
    path: 'a?b=1',
    mode: 'one_shot',
    user: 'root',
    password: 'pw',
  });
  expect(linkOf({ ...picture, port: null }, '', 'typed and not used')).toMatchObject({
    port: '',
    password: '',
  });
});

it('a profile is told in words, as far as the camera says', () => {
  expect(profileWords(profile)).toBe('H264, 640 × 360');
  expect(profileWords({ ...profile, encoding: null })).toBe('640 × 360');
  expect(profileWords({ ...profile, encoding: null, width_px: null })).toBe('');
});

it('a camera has pictures when one of its profiles has', () => {
  expect(hasPictures([{ ...profile, snapshot: null }, profile])).toBe(true);
  expect(hasPictures([{ ...profile, snapshot: null }])).toBe(false);
});
