// A camera's document as the API takes it back: without its status, and without a word about the password.

import type { Camera, CameraInput, CameraSettings } from '../api/types';

/** Parts that changed replace the camera's own; the stored password is kept. */
export function documentOf(camera: Camera, change: Partial<Omit<CameraSettings, 'link'>>): CameraInput {
  const { status: _status, ...settings } = camera;
  const { has_password: _hasPassword, ...link } = settings.link;
  const document: CameraInput = { ...settings, link, ...change };
  // What the camera never had and still has none of is left unsaid.
  if (camera.lines === undefined && document.lines?.length === 0) delete document.lines;
  if (camera.object_masks === undefined && document.object_masks?.length === 0) delete document.object_masks;
  // The error of a calibration is told, not set.
  if (document.ground) document.ground = { points: document.ground.points };
  return document;
}
