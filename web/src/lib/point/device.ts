// What a device keeps of itself, and how it is changed, over the API.

import { get, request } from '../api/client';
import type { components } from '../api/openapi';
import type { DeviceEvent, Page, Settings } from '../api/types';

type S = components['schemas'];

export type Change = S['Change'];
export type Order = S['Order'];
export type ReplayResult = S['ReplayResult'];

export interface EventFilter {
  severity: string | null;
  q: string | null;
  /** Unix milliseconds. */
  from: number | null;
  to: number | null;
}

/** A replay may take the time of a long session's computing. */
const REPLAY_MS = 120_000;
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

export const own = {
  events: (id: number, filter: EventFilter, after: string | null, signal?: AbortSignal) =>
    get<Page<DeviceEvent>>(`/devices/${id}/events`, { severity: filter.severity, q: filter.q, from: iso(filter.from), to: iso(filter.to), after, limit: 200 }, signal),
  settings: (id: number, at: string | null, signal?: AbortSignal) => get<Settings>(`/devices/${id}/settings`, { at }, signal),
  changes: (id: number, signal?: AbortSignal) => get<Page<Change>>(`/devices/${id}/settings/changes`, { limit: 200 }, signal),
  orders: (id: number, signal?: AbortSignal) => get<Page<Order>>(`/devices/${id}/control`, { limit: 20 }, signal),
  ask: (id: number, setting: string, value: string, why: string) => request<Order>('POST', `/devices/${id}/control`, {}, { setting, value, why }),
  /** A command of the driver's own. */
  command: (id: number, command: string, given: Record<string, string>, why: string) => request<Order>('POST', `/devices/${id}/control`, {}, { command, arguments: given, why }),
  order: (id: number, signal?: AbortSignal) => get<Order>(`/control/${id}`, {}, signal),
  confirm: (id: number, token: string) => request<Order>('POST', `/control/${id}/confirm`, {}, { token }),
  replay: (session: number, version: string | null) => request<ReplayResult>('POST', `/sessions/${session}/replay`, {}, { version }, { timeoutMs: REPLAY_MS }),
};
