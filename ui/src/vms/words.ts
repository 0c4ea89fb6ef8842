// What the pages say about VMS servers. Pure, so that it can be tested.

import type { Vms, VmsInput, VmsSystem, VmsTest } from '../api/vms';
import type { TestResult, TestStep } from '../sinks/sinks';

export const SYSTEM_NAMES: Record<VmsSystem['type'], string> = {
  milestone: 'Milestone XProtect',
  genetec: 'Genetec Security Center',
};

/** The port that a system uses unless somebody changed it. */
export function usualPort(type: VmsSystem['type'], isTls: boolean): number {
  if (type === 'genetec') return 4590;
  return isTls ? 443 : 80;
}

/** A kept VMS as the API takes it: password and matches are left as they are. */
export function inputOf(vms: Vms): VmsInput {
  const { name, is_enabled, host, port, is_tls, fingerprint, user, timeout_s, kinds, has_ends, system } = vms;
  return { name, is_enabled, host, port, is_tls, fingerprint, user, timeout_s, kinds, has_ends, system };
}

/** A test as the pages show it: the certificate is asked about only where it was in the way. */
export function resultOf(test: VmsTest): TestResult {
  const steps = test.steps.map(({ what, is_ok, text }) => {
    const verdict: TestStep['verdict'] = is_ok ? 'passed' : 'failed';
    return { what, verdict, text, advice: null };
  });
  return { isOk: test.is_ok, steps, certificate: test.is_ok ? null : test.certificate_sha256 };
}

/** What a person has to do in the VMS, said once above the list of names. */
export function defineHint(system: VmsSystem): string {
  return system.type === 'milestone'
    ? 'In the Management Client, add an analytics event under each of these names, then use it in an alarm definition. Without that XProtect drops the event.'
    : 'Security Center needs a custom event for camera entities with each of these numbers. They can be made from here.';
}
