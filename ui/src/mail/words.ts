// What the pages say about alarms by e-mail. Pure, so that it can be tested.

import type { Encryption, LeastSeverity, MailTest } from '../api/mail';
import type { TestResult, TestStep } from '../sinks/sinks';

export const ENCRYPTIONS: readonly { value: Encryption; label: string; port: number }[] = [
  { value: 'tls', label: 'TLS', port: 465 },
  { value: 'starttls', label: 'STARTTLS', port: 587 },
  { value: 'none', label: 'None', port: 25 },
];

export const SEVERITIES: readonly { value: LeastSeverity; label: string }[] = [
  { value: 'info', label: 'All' },
  { value: 'low', label: 'Low and above' },
  { value: 'medium', label: 'Medium and above' },
  { value: 'high', label: 'High and above' },
  { value: 'critical', label: 'Critical only' },
];

const MAX_RECIPIENTS = 8;

/** The port that a server uses unless somebody changed it. */
export const usualPort = (encryption: Encryption): number =>
  ENCRYPTIONS.find(({ value }) => value === encryption)?.port ?? 25;

/** Addresses as typed: one a line, or with commas or semicolons between. */
export const addressesIn = (text: string): string[] =>
  text
    .split(/[\n,;]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** What is plainly wrong with the recipients. */
export function recipientsProblem(text: string): string | undefined {
  const addresses = addressesIn(text);
  if (addresses.length === 0) return 'Type at least one address.';
  if (addresses.length > MAX_RECIPIENTS)
    return `${addresses.length} addresses: at most ${MAX_RECIPIENTS}. A distribution list of the mail server counts as one.`;
  const odd = addresses.find((address) => !address.includes('@'));
  return odd === undefined ? undefined : `“${odd}” is no address.`;
}

/** A test as the pages show it: the certificate is asked about only where it was in the way. */
export function resultOf(test: MailTest): TestResult {
  const steps = test.steps.map(({ what, is_ok, text }) => {
    const verdict: TestStep['verdict'] = is_ok ? 'passed' : 'failed';
    return { what, verdict, text, advice: null };
  });
  return { isOk: test.is_ok, steps, certificate: test.is_ok ? null : test.certificate_sha256 };
}
