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

/** A search listens for three seconds on the relay's side. */
const SEARCH_LIMIT_MS = 15_000;

export const getOnvif = () => call<Onvif>('GET', '/onvif');
export const putOnvif = (switches: OnvifSwitches) => call<Onvif>('PUT', '/onvif', switches);
export const endSubscription = (id: string) =>
  call<unknown>('DELETE', `/onvif/subscriptions/${encodeURIComponent(id)}`);
export const discover = async () =>
  (await call<{ devices: FoundDevice[] }>('POST', '/discover', {}, SEARCH_LIMIT_MS)).devices;
