// Writes a .gz beside every text file of dist/, so that the server sends it as it is.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
let plainBytes = 0;
let packedBytes = 0;
for (const name of readdirSync(dist, { recursive: true })) {
  const path = join(dist, String(name));
  if (!statSync(path).isFile() || !/\.(html|js|css|svg|json|txt)$/.test(path)) continue;
  const plain = readFileSync(path);
  const packed = gzipSync(plain, { level: 9 });
  plainBytes += plain.length;
  packedBytes += packed.length;
  if (packed.length < plain.length) writeFileSync(`${path}.gz`, packed);
}
console.log(`compressed ${plainBytes} to ${packedBytes} bytes`);
