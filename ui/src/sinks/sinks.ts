// What all sinks - webhooks, brokers, VMS servers, e-mail - have in common on the pages. Pure, so that it can be tested.

import type { IconName } from '../lib/icons';

/** What the relay tells of every sink. */
export interface Sink {
  id: string;
  name: string;
  is_enabled: boolean;
  fingerprint: string | null;
  /** Messages that wait. */
  queue: number;
  delivered: number;
  last_delivered_at: string | null;
  last_error: string | null;
  /** Messages that were refused for good. */
  dead: number;
  /** Messages given up because too many waited. */
  dropped: number;
}

/** A badge: how a sink is doing. */
export interface StateWords {
  text: string;
  icon: IconName;
  tone: 'ok' | 'bad' | 'warn' | 'off' | 'busy';
}

/** One step of a test. */
export interface TestStep {
  what: string;
  verdict: 'passed' | 'unsure' | 'failed';
  text: string;
  advice: string | null;
}

/** How a test went. */
export interface TestResult {
  isOk: boolean;
  steps: TestStep[];
  /** SHA-256 of the certificate where that was refused, as hex. */
  certificate: string | null;
}

export const VERDICTS: Record<TestStep['verdict'], { icon: IconName; text: string }> = {
  passed: { icon: 'check', text: 'worked' },
  unsure: { icon: 'question', text: 'not known' },
  failed: { icon: 'cross', text: 'failed' },
};

export const messages = (n: number) => `${n} message${n === 1 ? '' : 's'}`;

/** How sending goes, where there is no connection to tell of. */
export function deliveryState(sink: Sink): StateWords {
  if (!sink.is_enabled) return { tone: 'off', icon: 'power', text: 'Switched off' };
  if (sink.last_error !== null) return { tone: 'bad', icon: 'warning', text: 'Not taken' };
  if (sink.dead > 0) return { tone: 'warn', icon: 'warning', text: 'Some given up' };
  return sink.last_delivered_at === null
    ? { tone: 'off', icon: 'clock', text: 'Nothing sent yet' }
    : { tone: 'ok', icon: 'check', text: 'Delivering' };
}
