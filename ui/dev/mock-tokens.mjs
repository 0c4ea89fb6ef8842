// Tokens of programs, for the stand-in.

export const startTokens = () => [
  {
    id: 2,
    name: 'guard-house',
    scopes: ['node'],
    created_by: 'anna',
    created_at: '2026-11-12T09:10:00Z',
    expires_at: null,
    is_expired: false,
    last_used_at: new Date(Date.now() - 30_000).toISOString(),
  },
  {
    id: 1,
    name: 'wall display',
    scopes: ['read'],
    created_by: 'anna',
    created_at: '2026-11-03T12:00:00Z',
    expires_at: '2026-11-10T12:00:00Z',
    is_expired: true,
    last_used_at: null,
  },
];

export async function answerTokens({ id, site, method, request, reply, bodyOf, send }) {
  if (method === 'GET') return send(reply, 200, { tokens: site.tokens });
  if (method === 'DELETE') {
    site.tokens = site.tokens.filter((token) => token.id !== Number(id));
    return send(reply, 204);
  }
  const { name, scopes, expires_in_days: days } = await bodyOf(request);
  const view = {
    id: Math.max(0, ...site.tokens.map((token) => token.id)) + 1,
    name,
    scopes,
    created_by: 'anna',
    created_at: new Date().toISOString(),
    expires_at: days === undefined ? null : new Date(Date.now() + days * 86_400_000).toISOString(),
    is_expired: false,
    last_used_at: null,
  };
  site.tokens.unshift(view);
  return send(reply, 201, { token: `airl_${'Zk3v'.repeat(10)}abc`, view });
}
