// The parts of Milestone XProtect that are asked: token, cameras, analytics events.
//
// XProtect itself cannot be had here: this answers as its published interface says.

import { createServer } from 'node:http';

/** Its user's password; any other is refused. */
export const PASSWORD = 'right';

/** Starts it on a free port; `events` are the analytics events that it was sent. */
export function startXProtect() {
  const events = [];
  const json = (response, status, body) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { pathname } = new URL(request.url, 'http://vms');
      if (pathname === '/API/IDP/connect/token') {
        const isRight = new URLSearchParams(body).get('password') === PASSWORD;
        if (isRight) json(response, 200, { access_token: 't', expires_in: 3600, token_type: 'Bearer' });
        else json(response, 400, { error: 'invalid_grant' });
      } else if (pathname === '/api/rest/v1/cameras') {
        const parent = { type: 'hardware', id: 'h1' };
        const camera = { id: 'c1', name: 'Street camera', channel: 0, relations: { parent } };
        json(response, 200, { array: [camera, { ...camera, id: 'c2', name: 'Yard', channel: 1 }] });
      } else if (pathname === '/api/rest/v1/hardware') {
        json(response, 200, { array: [{ id: 'h1', name: 'Device', address: 'http://127.0.0.1/' }] });
      } else {
        events.push(body);
        response.end();
      }
    });
  });
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () =>
      done({ events, port: server.address().port, stop: () => server.close() }),
    );
  });
}
