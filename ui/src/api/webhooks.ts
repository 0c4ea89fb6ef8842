// Webhooks over REST.

import { call } from './client';

export interface WebhookTest {
  is_ok: boolean;
  message: string;
  /** The receiver's certificate where it was refused. */
  certificate_sha256: string | null;
}

/** A request of one's own form. */
export interface WebhookTemplate {
  method: 'GET' | 'POST' | 'PUT';
  content_type: string;
  body: string;
}

export interface WebhookPlace {
  name: string;
  text: string;
}

export interface Webhook {
  id: string;
  name: string;
  url: string;
  is_enabled: boolean;
  user: string | null;
  has_password: boolean;
  is_digest: boolean;
  /** null = airelay's own document. */
  template: WebhookTemplate | null;
  has_secret: boolean;
  /** Values are never shown. */
  headers: { name: string }[];
  fingerprint: string | null;
  has_picture_inside: boolean;
  timeout_s: number;
  queue: number;
  delivered: number;
  last_delivered_at: string | null;
  last_error: string | null;
  dead: number;
  dropped: number;
}

/** `secret`: absent = keep, "" = remove, text = set. */
export interface WebhookInput {
  name: string;
  url: string;
  is_enabled: boolean;
  user: string | null;
  /** absent = keep. */
  password?: string;
  is_digest: boolean;
  template: WebhookTemplate | null;
  secret?: string;
  /** `value`: absent = keep the stored one of this name. */
  headers: { name: string; value?: string }[];
  fingerprint: string | null;
  has_picture_inside: boolean;
  timeout_s: number;
}

const id = encodeURIComponent;

export const listWebhooks = async () => (await call<{ webhooks: Webhook[] }>('GET', '/webhooks')).webhooks;
export const listPlaces = () => call<WebhookPlace[]>('GET', '/webhook_places');
export const addWebhook = (input: WebhookInput) => call<Webhook>('POST', '/webhooks', input);
export const putWebhook = (webhookId: string, input: WebhookInput) =>
  call<Webhook>('PUT', `/webhooks/${id(webhookId)}`, input);
export const deleteWebhook = (webhookId: string) => call<unknown>('DELETE', `/webhooks/${id(webhookId)}`);
export const replayWebhook = (webhookId: string) =>
  call<{ replayed: number }>('POST', `/webhooks/${id(webhookId)}/replay`);
export const testWebhook = (webhookId: string) =>
  call<WebhookTest>('POST', `/webhooks/${id(webhookId)}/test`);
