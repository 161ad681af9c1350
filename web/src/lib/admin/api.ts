// Accounts of others, and what was done, over the API.

import { all, get, request } from '../api/client';
import type { components } from '../api/openapi';
import type { Page, SearchFound } from '../api/types';

type S = components['schemas'];
export type Account = S['Account'];
export type NewAccount = S['NewAccount'];
export type NewGrant = S['NewGrant'];
export type OneTime = S['OneTime'];
export type ApiKey = S['ApiKey'];
export type NewApiKey = S['NewApiKey'];
export type ShownKey = S['ShownKey'];
export type AuditEntry = S['AuditEntry'];

/** A page of the audit on the screen. */
const ENTRIES = 100;
/** Places that are offered for a grant. */
const PLACES = 8;

export interface AuditQuery {
  who?: string | null;
  deed?: string | null;
  subject?: string | null;
  id?: string | null;
  /** Instants. */
  from?: string | null;
  to?: string | null;
  after?: string | null;
}

const at = (id: number, rest = '') => `/accounts/${id}${rest}`;

export const admin = {
  accounts: (signal?: AbortSignal) => all<Account>('/accounts', { limit: 500 }, signal),
  account: (id: number, signal?: AbortSignal) => get<Account>(at(id), {}, signal),
  create: (account: NewAccount) => request<OneTime>('POST', '/accounts', {}, account),
  change: (id: number, change: { title?: string; enabled?: boolean }) => request<Account>('PATCH', at(id), {}, change),
  grant: (id: number, grants: NewGrant[]) => request<Account>('PUT', at(id, '/grants'), {}, { grants }),
  reset: (id: number, secondFactor: boolean) => request<OneTime>('POST', at(id, '/reset'), {}, { second_factor: secondFactor }),
  signOut: (id: number) => request<Account>('POST', at(id, '/sign-out')),
  keys: async (id: number, signal?: AbortSignal) => (await get<Page<ApiKey>>(at(id, '/keys'), {}, signal)).items,
  addKey: (id: number, key: NewApiKey) => request<ShownKey>('POST', at(id, '/keys'), {}, key),
  rotateKey: (id: number, key: number, overlapH: number) => request<ShownKey>('POST', at(id, `/keys/${key}/rotate`), {}, { overlap_h: overlapH }),
  revokeKey: (id: number, key: number) => request<void>('DELETE', at(id, `/keys/${key}`)),

  places: (q: string, kind: string, signal?: AbortSignal) => get<SearchFound>('/search', { q, kind, limit: PLACES }, signal),
  audit: (query: AuditQuery, signal?: AbortSignal) => get<Page<AuditEntry>>('/audit', { ...query, limit: ENTRIES }, signal),
};
