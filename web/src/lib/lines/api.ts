// Lines over the API: what they do, how they fare, who calls, modems of ours, tunnels, groups of devices that are read alike.

import { all, get, request } from '../api/client';
import type { components } from '../api/openapi';
import type { Page, SessionBrief } from '../api/types';

type S = components['schemas'];
export type Line = S['Line'];
export type LineWork = S['LineWork'];
export type LineHealth = S['LineHealth'];
export type Communication = S['Communication'];
export type Caller = S['Caller'];
export type Listener = S['Listener'];
export type Pool = S['Pool'];
export type OpenTunnel = S['OpenTunnel'];

export interface NewTunnel {
  minutes: number;
  listen: string | null;
}

/** Sessions that a line's page shows; the rest is in the journal. */
const SESSIONS = 20;
/** As many callers as the host keeps of those that nobody decided about. */
const CALLERS = 1_000;

export const lines = {
  all: (signal?: AbortSignal) => all<Line>('/lines', { limit: 500 }, signal),
  one: (id: number, signal?: AbortSignal) => get<Line>(`/lines/${id}`, {}, signal),
  work: async (signal?: AbortSignal) => (await get<Page<LineWork>>('/lines/work', {}, signal)).items,
  health: async (hours: number, signal?: AbortSignal) => (await get<Page<LineHealth>>('/lines/health', { hours }, signal)).items,
  talk: (of: 'lines' | 'devices', id: number, days: number, zone: string, signal?: AbortSignal) =>
    get<Communication>(`/${of}/${id}/health`, { days, zone }, signal),
  sessions: async (line: number, signal?: AbortSignal) => (await get<Page<SessionBrief>>('/sessions', { line, limit: SESSIONS }, signal)).items,

  callers: (state: string | null, signal?: AbortSignal) => all<Caller>('/callers', { state, limit: CALLERS }, signal),
  approve: (id: number) => request<Caller>('POST', `/callers/${id}/approve`, {}, {}),
  refuse: (id: number) => request<Caller>('POST', `/callers/${id}/refuse`, {}, {}),
  listeners: async (signal?: AbortSignal) => (await get<Page<Listener>>('/listeners', {}, signal)).items,
  modems: async (signal?: AbortSignal) => (await get<Page<Pool>>('/modems', {}, signal)).items,

  tunnels: async (signal?: AbortSignal) => (await get<Page<OpenTunnel>>('/tunnels', {}, signal)).items,
  openTunnel: (device: number, tunnel: NewTunnel) => request<S['Tunnel']>('POST', `/devices/${device}/tunnel`, {}, tunnel),
  closeTunnel: (device: number) => request<void>('DELETE', `/devices/${device}/tunnel`),
};
