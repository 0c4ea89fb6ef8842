// The ONVIF device and devices in the network, over REST.

import { call } from './client';

export interface OnvifSubscription {
  id: string;
  account: string;
  posted_to: string | null;
  created_at: string;
  terminates_at: string;
  taken_at: string | null;
  waiting: number;
  told: number;
  lost: number;
  last_error: string | null;
}

export interface OnvifCamera {
  id: string;
  name: string;
  profiles: { token: string; rtsp_path: string }[];
  snapshot_path: string;
  mjpeg_path: string;
}

export interface OnvifSwitches {
  is_enabled: boolean;
  is_discoverable: boolean;
  has_legacy_names: boolean;
}

export interface Onvif extends OnvifSwitches {
  device_path: string;
  rtsp_port: number | null;
  n_accounts: number;
  cameras: OnvifCamera[];
  subscriptions: OnvifSubscription[];
}

export interface FoundDevice {
  endpoint: string;
  name: string | null;
  hardware: string | null;
  host: string | null;
  addresses: string[];
}

/** Where a found camera gives single pictures, as the fields of a link. */
export interface CameraPicture {
  protocol: 'http' | 'https';
  host: string;
  port: number | null;
  path: string;
  /** The host that the camera itself names, where it is another. */
  told_host: string | null;
}

export interface CameraProfile {
  name: string;
  encoding: string | null;
  width_px: number | null;
  height_px: number | null;
  stream: string | null;
  snapshot: CameraPicture | null;
}

export interface CameraAnswer {
  manufacturer: string | null;
  model: string | null;
  profiles: CameraProfile[];
}

/** A search listens for three seconds on the relay's side. */
const SEARCH_LIMIT_MS = 15_000;
/** A camera is asked for at most 15 s. */
const READ_LIMIT_MS = 25_000;

export const getOnvif = () => call<Onvif>('GET', '/onvif');
export const putOnvif = (switches: OnvifSwitches) => call<Onvif>('PUT', '/onvif', switches);
export const endSubscription = (id: string) =>
  call<unknown>('DELETE', `/onvif/subscriptions/${encodeURIComponent(id)}`);
export const discover = async () =>
  (await call<{ devices: FoundDevice[] }>('POST', '/discover', {}, SEARCH_LIMIT_MS)).devices;
/** What a camera says of its streams and pictures; an empty `user` is nobody. */
export const askCamera = (addresses: string[], user: string, password: string) =>
  call<CameraAnswer>('POST', '/discover/camera', { addresses, user, password }, READ_LIMIT_MS);
