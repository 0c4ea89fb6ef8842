// Addresses of airelay for other programs. Pure, so that they can be tested.

import type { OnvifCamera } from '../api/onvif';

/** By which name the person who looks at the page reaches airelay. */
export interface Place {
  /** Of the page, such as `https://relay:8092`. */
  origin: string;
  /** Its host alone; IPv6 in brackets. */
  hostname: string;
  /** null: RTSP is not served. */
  rtspPort: number | null;
}

export interface Address {
  label: string;
  value: string;
}

/** Names that mean "this machine" everywhere, so they are of no use to other machines. */
export const isLoopback = (hostname: string): boolean =>
  /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/i.test(hostname);

export const deviceAddress = (place: Place, devicePath: string): string => place.origin + devicePath;

/** Address of a camera's stream: jpeg, h264 or metadata. */
export const streamAddress = (place: Place, cameraId: string, stream: string): string =>
  `rtsp://${place.hostname}:${place.rtspPort ?? 0}/cameras/${cameraId}/${stream}`;

export function streamAddresses(cameraId: string, place: Place): Address[] {
  if (place.rtspPort === null) return [];
  return [
    { label: 'RTSP, JPEG', value: streamAddress(place, cameraId, 'jpeg') },
    { label: 'RTSP, H.264', value: streamAddress(place, cameraId, 'h264') },
    { label: 'RTSP, metadata', value: streamAddress(place, cameraId, 'metadata') },
  ];
}

export function cameraAddresses(camera: OnvifCamera, place: Place): Address[] {
  return [
    ...streamAddresses(camera.id, place),
    { label: 'MJPEG over HTTP', value: place.origin + camera.mjpeg_path },
    { label: 'One picture', value: place.origin + camera.snapshot_path },
  ];
}

/** Everything to hand over in one text. The password is never known here. */
export function asText(cameras: readonly OnvifCamera[], devicePath: string, place: Place): string {
  const parts = cameras.map((camera) =>
    [camera.name, ...cameraAddresses(camera, place).map(({ label, value }) => `  ${label}: ${value}`)].join(
      '\n',
    ),
  );
  return `${[`ONVIF device: ${deviceAddress(place, devicePath)}`, ...parts].join('\n\n')}\n`;
}
