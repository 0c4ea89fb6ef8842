// Nodes as CSV, for spreadsheets and for setting up many at once. Pure, so that it can be tested.
//
// In and out: one line per node, with a head. No password or token is ever in it.

import type { Node } from '../api/nodes';

export const USUAL_PORT = 8092;
/** The most that one airelay guards. */
export const MAX_NODES = 64;
const HEAD = ['name', 'host', 'port', 'ssl', 'fingerprint', 'enabled'];

/** An airelay that somebody wants to register. */
export interface Wanted {
  name: string;
  host: string;
  port: number;
  isTls: boolean;
  fingerprint: string;
}

export const emptyWanted = (): Wanted => ({
  name: '',
  host: '',
  port: USUAL_PORT,
  isTls: false,
  fingerprint: '',
});

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export function toCsv(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ name, address, is_enabled: isEnabled }) =>
    address === null
      ? []
      : [
          [
            name,
            address.host,
            String(address.port),
            address.is_tls ? 'yes' : 'no',
            address.fingerprint ?? '',
            isEnabled ? 'yes' : 'no',
          ],
        ],
  );
  return [HEAD, ...lines].map((line) => `${line.map(quoted).join(',')}\r\n`).join('');
}

/** Fields of one line; quotes as in RFC 4180. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^,;]*))(?:[,;]|$)/gy;
  while (pattern.lastIndex < line.length || (fields.length > 0 && /[,;]$/.test(line))) {
    const at = pattern.lastIndex;
    const found = pattern.exec(line);
    if (found === null || (found[0] === '' && at >= line.length)) break;
    fields.push((found[1]?.replaceAll('""', '"') ?? found[2] ?? '').trim());
    if (pattern.lastIndex >= line.length) break;
  }
  return fields;
}

/** Reads what `toCsv` wrote, or a plain list of addresses; says what is wrong in which line. */
export function fromCsv(text: string): { wanted: Wanted[]; errors: string[] } {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim());
  const wanted: Wanted[] = [];
  const errors: string[] = [];
  let columns = HEAD;
  lines.forEach((line, idx) => {
    if (line === '') return;
    const fields = fieldsOf(line);
    const lower = fields.map((field) => field.toLowerCase());
    if (wanted.length === 0 && (lower.includes('host') || lower.includes('address'))) {
      columns = lower.map((name) => (name === 'address' ? 'host' : name));
      return;
    }
    const named = fields.length === 1 ? ['host'] : columns;
    const value = (name: string) => fields[named.indexOf(name)] ?? '';
    const [host = '', portInHost = ''] = /^[^:]+:\d+$/.test(value('host'))
      ? value('host').split(':')
      : [value('host')];
    const portText = value('port') || portInHost;
    const port = portText === '' ? USUAL_PORT : Number(portText);
    if (host === '') errors.push(`Line ${idx + 1}: no address.`);
    else if (!Number.isInteger(port) || port < 1 || port > 65_535)
      errors.push(`Line ${idx + 1}: the port ${portText} is none; use 1 to 65535.`);
    else if (wanted.length >= MAX_NODES)
      errors.push(`Line ${idx + 1}: more than ${MAX_NODES} nodes; this one is left out.`);
    else
      wanted.push({
        name: value('name'),
        host,
        port,
        isTls: ['yes', 'true', '1', 'on'].includes(value('ssl').toLowerCase()),
        fingerprint: value('fingerprint'),
      });
  });
  return { wanted, errors };
}
