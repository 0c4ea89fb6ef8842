// Who watches which camera by RTSP or MJPEG, as the relay tells it.

import { call } from './client';

export interface Viewer {
  id: number;
  camera_id: string;
  /** jpeg, h264 or metadata. */
  video: string;
  /** udp, tcp, http, websocket or mjpeg. */
  way: string;
  address: string;
  account: string;
  agent: string;
  since: string;
  pictures: number;
  documents: number;
  bytes: number;
  lost: number;
  lost_on_the_way: number;
}

export interface Viewers {
  /** null while the port cannot be opened. */
  rtsp_port: number | null;
  is_reachable: boolean;
  error: string | null;
  viewers: Viewer[];
}

export const listViewers = () => call<Viewers>('GET', '/viewers');
