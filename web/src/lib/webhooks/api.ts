// Webhooks over the API: programs that the server tells of what happens.

import { all, get, request } from '../api/client';
import type { components } from '../api/openapi';
import type { Page } from '../api/types';

type S = components['schemas'];
export type Webhook = S['Webhook'];
export type NewWebhook = S['NewWebhookBody'];
export type WebhookPatch = S['WebhookPatch'];
export type WebhookSecret = S['WebhookSecret'];
export type Delivery = S['Delivery'];

/** Hooks whose last delivery is asked for at once. */
const AT_ONCE = 4;

export interface Row {
  hook: Webhook;
  /** Null: nothing was to be told so far. */
  last: Delivery | null;
}

const at = (id: number, rest = '') => `/webhooks/${id}${rest}`;

export const webhooks = {
  one: (id: number, signal?: AbortSignal) => get<Webhook>(at(id), {}, signal),
  make: (hook: NewWebhook) => request<WebhookSecret>('POST', '/webhooks', {}, hook),
  change: (id: number, patch: WebhookPatch) => request<Webhook>('PATCH', at(id), {}, patch),
  remove: (id: number) => request<void>('DELETE', at(id)),
  newSecret: (id: number) => request<WebhookSecret>('POST', at(id, '/secret')),
  /** The newest first. */
  deliveries: (id: number, query: { state?: string | null; limit: number }, signal?: AbortSignal) => get<Page<Delivery>>(at(id, '/deliveries'), query, signal),
  test: (id: number) => request<void>('POST', at(id, '/test')),
  again: (id: number, delivery: number) => request<void>('POST', at(id, `/deliveries/${delivery}/again`)),

  /** Every hook with its last delivery. */
  async rows(signal?: AbortSignal): Promise<Row[]> {
    const hooks = await all<Webhook>('/webhooks', {}, signal);
    const rows: Row[] = [];
    for (let begin = 0; begin < hooks.length; begin += AT_ONCE) {
      const some = hooks.slice(begin, begin + AT_ONCE).map(async (hook) => ({ hook, last: (await webhooks.deliveries(hook.id, { limit: 1 }, signal)).items[0] ?? null }));
      rows.push(...(await Promise.all(some)));
    }
    return rows;
  },
};
