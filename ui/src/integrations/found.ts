// A found camera's picture as the fields of a link. Pure, so that it can be tested.

import type { CameraPicture, CameraProfile } from '../api/onvif';
import type { LinkDraft } from '../lib/link';

/** What the form of a linked camera takes over. Without a user name the camera asked for none. */
export function linkOf(picture: CameraPicture, user: string, password: string): Partial<LinkDraft> {
  return {
    protocol: picture.protocol,
    host: picture.host,
    port: picture.port === null ? '' : String(picture.port),
    path: picture.path.replace(/^\//, ''),
    mode: 'one_shot',
    user,
    password: user === '' ? '' : password,
  };
}

/** `H264, 1920 × 1080`; empty where the camera says neither. */
export function profileWords({ encoding, width_px, height_px }: CameraProfile): string {
  const size = width_px === null || height_px === null ? '' : `${width_px} × ${height_px}`;
  return [encoding ?? '', size].filter((part) => part !== '').join(', ');
}

export const hasPictures = (profiles: readonly CameraProfile[]): boolean =>
  profiles.some(({ snapshot }) => snapshot !== null);
