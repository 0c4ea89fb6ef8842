// The settings of alarms by e-mail while somebody types them.

import type { Encryption, LeastSeverity, MailInput, MailServer } from '../api/mail';
import { EVENT_KINDS } from '../sinks/kinds';
import { addressesIn, usualPort } from './words';

const blank = (text: string) => (text.trim() === '' ? null : text.trim());

export class MailDraft {
  name = $state('');
  host = $state('');
  encryption = $state<Encryption>('tls');
  /** null = the usual one. */
  port = $state<number | null>(null);
  fingerprint = $state('');
  user = $state('');
  /** undefined = keep the stored one. */
  password = $state<string | undefined>('');
  from = $state('');
  /** One address a line. */
  to = $state('');
  isEnabled = $state(true);
  kinds = $state<string[]>(EVENT_KINDS.filter((kind) => kind !== 'program'));
  hasEnds = $state(false);
  leastSeverity = $state<LeastSeverity>('info');
  maxPerHour = $state<number | null>(30);
  private timeoutS = 20;

  constructor(start: MailServer | null) {
    if (start === null) return;
    this.name = start.name;
    this.host = start.host;
    this.encryption = start.encryption;
    this.port = start.port === usualPort(start.encryption) ? null : start.port;
    this.fingerprint = start.fingerprint ?? '';
    this.user = start.user;
    this.password = start.user === '' ? '' : undefined;
    this.from = start.from;
    this.to = start.to.join('\n');
    this.isEnabled = start.is_enabled;
    this.kinds = [...start.kinds];
    this.hasEnds = start.has_ends;
    this.leastSeverity = start.least_severity;
    this.maxPerHour = start.max_per_hour;
    this.timeoutS = start.timeout_s;
  }

  input(): MailInput {
    return {
      name: this.name.trim(),
      is_enabled: this.isEnabled,
      host: this.host.trim(),
      ...(this.port === null ? {} : { port: this.port }),
      encryption: this.encryption,
      fingerprint: blank(this.fingerprint),
      user: this.user.trim(),
      ...(this.password === undefined ? {} : { password: this.password }),
      from: this.from.trim(),
      to: addressesIn(this.to),
      timeout_s: this.timeoutS,
      kinds: [...this.kinds],
      has_ends: this.hasEnds,
      least_severity: this.leastSeverity,
      max_per_hour: this.maxPerHour ?? 30,
    };
  }
}
