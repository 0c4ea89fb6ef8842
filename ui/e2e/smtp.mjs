// A small SMTP server for browser tests: lets in one user, and keeps the mails that it took.
//
// In: PASSWORD of the user `relay`. Out: `mails`, as they came; `refuse(code)` answers the next ones so.

import { createServer } from 'node:net';

export const PASSWORD = 'right';

export function startSmtp() {
  const mails = [];
  const sockets = new Set();
  let refusal = null;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    socket.setEncoding('utf8');
    let read = '';
    let isData = false;
    const login = Buffer.from(`\0relay\0${PASSWORD}`).toString('base64');
    const say = (text) => socket.write(`${text}\r\n`);
    const answer = (line) => {
      if (line.startsWith('EHLO')) return say('250-test\r\n250 AUTH PLAIN');
      if (line.startsWith('AUTH'))
        return say(line === `AUTH PLAIN ${login}` ? '235 welcome' : '535 5.7.8 bad credentials');
      if (line === 'DATA') return ((isData = true), say('354 go on'));
      if (line === 'QUIT') return (say('221 bye'), socket.end());
      return say('250 ok');
    };
    say('220 test');
    socket.on('data', (chunk) => {
      read += chunk;
      for (;;) {
        const end = isData ? '\r\n.\r\n' : '\r\n';
        const at = read.indexOf(end);
        if (at < 0) return;
        const part = read.slice(0, at);
        read = read.slice(at + end.length);
        if (!isData) {
          answer(part);
          continue;
        }
        isData = false;
        if (refusal === null) mails.push(part);
        say(refusal === null ? '250 2.0.0 queued' : `${refusal} not now`);
      }
    });
  });
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () =>
      done({
        mails,
        port: server.address().port,
        refuse: (code) => (refusal = code),
        stop: () => {
          server.close();
          sockets.forEach((socket) => socket.destroy());
        },
      }),
    );
  });
}
