// Webhooks as the pages need them. Pure, so that it can be tested.

import type { Webhook, WebhookInput, WebhookTemplate } from '../api/webhooks';

/** A kept webhook as the API takes it: password and secret are left as they are. */
export function inputOf(webhook: Webhook): WebhookInput {
  const { name, url, is_enabled, user, is_digest, template, headers } = webhook;
  const { fingerprint, has_picture_inside, timeout_s } = webhook;
  return {
    name,
    url,
    is_enabled,
    user,
    is_digest,
    template,
    headers,
    fingerprint,
    has_picture_inside,
    timeout_s,
  };
}

/** What a webhook sends, in a few words. */
export function sentWords({ template }: { template: WebhookTemplate | null }): string {
  if (template === null) return 'airelay’s JSON document';
  return template.method === 'GET'
    ? 'GET, all in the address'
    : `${template.method}, ${template.content_type}`;
}

/** What a form of one's own begins with. */
export const FIRST_FORM: WebhookTemplate = {
  method: 'POST',
  content_type: 'application/json',
  body: '{"camera": "{camera}", "event": "{kind}", "text": "{text}", "active": {active}, "time": "{at}"}',
};

/** Bodies to begin with, by content type; those of others are left as they are. */
export const FIRST_BODIES: Readonly<Record<string, string>> = {
  'application/json': FIRST_FORM.body,
  'application/xml':
    '<Alarm active="{active}"><Camera>{camera}</Camera><Event>{kind}</Event><Time>{at}</Time></Alarm>',
  'application/x-www-form-urlencoded': 'camera={camera}&event={kind}&active={active}&time={at}',
  'text/plain': '{text}',
};

/** The body after another content type was chosen: one that was typed stays. */
export function bodyFor(body: string, contentType: string): string {
  const isTyped = body.trim() !== '' && !Object.values(FIRST_BODIES).includes(body);
  return isTyped ? body : (FIRST_BODIES[contentType] ?? body);
}
