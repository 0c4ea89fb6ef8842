// Other airelays that this one guards, in the relay's REST API: what it sends and takes, and the calls.
//
// Not here: how the pages hold what is typed (`nodes/`).

import { call } from './client';
import type { CameraState } from './types';

export type NodeState = 'off' | 'connecting' | 'following' | 'catching_up' | 'waiting' | 'failed';

export interface NodeAddress {
  host: string;
  port: number;
  is_tls: boolean;
  fingerprint: string | null;
}

export interface NodeProgram {
  program: string;
  /** Rules, areas and counters, or detectors; 0 where there is nothing to count. */
  n_parts: number;
}

export interface NodeCamera {
  id: string;
  name: string;
  is_enabled: boolean;
  /** null = not known. */
  state: CameraState | null;
  host: string;
  port: number | null;
  is_tls: boolean;
  channel: number;
  programs: NodeProgram[];
}

export interface Node {
  id: string;
  name: string;
  is_own: boolean;
  is_enabled: boolean;
  /** null = the airelay that answers. */
  address: NodeAddress | null;
  state: NodeState;
  error: string | null;
  notice: string | null;
  version: string | null;
  heard_at: string | null;
  /** null = not known yet. */
  lag_s: number | null;
  n_behind: number;
  has_history_left: boolean;
  cameras: NodeCamera[];
}

export interface NodeLogin {
  user: string;
  password: string;
}

export interface NodeCheck {
  is_ok: boolean;
  steps: { what: string; is_ok: boolean; text: string }[];
  certificate_sha256: string | null;
  cameras: { id: string; name: string }[];
}

export type NodesDeed = 'enable' | 'disable' | 'remove';

/** A node is asked step by step, and may take its time. */
const LIMIT_MS = 60_000;
const id = encodeURIComponent;

export const listNodes = async () => (await call<{ nodes: Node[] }>('GET', '/nodes')).nodes;
export const checkNode = (input: NodeLogin & { address: NodeAddress }) =>
  call<NodeCheck>('POST', '/nodes/check', input, LIMIT_MS);
export const registerNode = (input: NodeLogin & { name: string; address: NodeAddress }) =>
  call<Node>('POST', '/nodes', input, LIMIT_MS);
/** What is absent stays. */
export const putNode = (
  nodeId: string,
  input: { name?: string; address?: NodeAddress; is_enabled?: boolean },
) => call<Node>('PUT', `/nodes/${id(nodeId)}`, input);
export const logInAtNode = (nodeId: string, login: NodeLogin) =>
  call<Node>('POST', `/nodes/${id(nodeId)}/login`, login, LIMIT_MS);
export const handleNodes = async (ids: string[], deed: NodesDeed) =>
  (await call<{ nodes: Node[] }>('POST', '/nodes/handle', { ids, do: deed })).nodes;
