// Tokens of programs in the relay's REST API: what it sends and takes, and the calls.

import { call } from './client';

export type Scope = 'read' | 'node' | 'admin';

/** What the token is, is never shown again. */
export interface Token {
  id: number;
  name: string;
  scopes: Scope[];
  created_by: string;
  created_at: string;
  /** null = never. */
  expires_at: string | null;
  is_expired: boolean;
  /** To the minute. */
  last_used_at: string | null;
}

export interface TokenInput {
  name: string;
  scopes: Scope[];
  /** Absent = never. */
  expires_in_days?: number;
}

export const listTokens = async () => (await call<{ tokens: Token[] }>('GET', '/tokens')).tokens;
/** The only answer that shows the token. */
export const addToken = (input: TokenInput) => call<{ token: string; view: Token }>('POST', '/tokens', input);
export const deleteToken = (tokenId: number) => call<unknown>('DELETE', `/tokens/${tokenId}`);
