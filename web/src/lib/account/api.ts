// One's own account over the API.

import { get, request } from '../api/client';
import type { components } from '../api/openapi';
import type { Page } from '../api/types';
import type { Rights } from '../live/rights.svelte';

type S = components['schemas'];
export type Grant = S['Grant'];
export type OwnSignIn = S['OwnSignIn'];
export type SecondFactor = S['SecondFactor'];

/** Who is signed in. */
export interface SignedIn {
  /** False: the host runs without accounts, and whoever asks may do everything. */
  accounts: boolean;
  /** Null without accounts. */
  account: { id: number; name: string; title: string; kind: string } | null;
  /** Whether all that may be done is to choose a password. */
  must_change_password: boolean;
  second_factor: boolean;
  rights: Rights;
  grants: Grant[];
  /** Null without accounts. */
  sign_in: { id: number; begun_at: string; ends_at: string; idle_ends_at: string } | null;
}

export interface Credentials {
  name: string;
  password: string;
  code: string | null;
}

export const own = {
  who: () => request<SignedIn>('GET', '/session', {}, undefined, { bare: true }),
  signIn: (credentials: Credentials) => request<SignedIn>('POST', '/session', {}, credentials, { bare: true }),
  signOut: () => request<void>('DELETE', '/session', {}, undefined, { bare: true }),
  choosePassword: (old: string, chosen: string) => request<void>('POST', '/account/password', {}, { old, new: chosen }),
  signIns: async (signal?: AbortSignal) => (await get<Page<OwnSignIn>>('/account/sign-ins', {}, signal)).items,
  endSignIn: (id: number) => request<void>('DELETE', `/account/sign-ins/${id}`),
  askFactor: (password: string) => request<SecondFactor>('POST', '/account/second-factor', {}, { password }),
  confirmFactor: (code: string) => request<void>('POST', '/account/second-factor/confirm', {}, { code }),
  removeFactor: (password: string) => request<void>('POST', '/account/second-factor/remove', {}, { password }),
};
