// The life of drivers over the API: what there is, and deeds that are written down with who and why.

import { all, get, request } from '../api/client';
import type { Done, DriverStatistics, LogLine, Named, Page, Shadow, TakenIn, VendorKey, Version, VersionWork } from '../api/types';

/** A shadow replays hundreds of sessions, an installation compiles: both may take minutes. */
const LONG_MS = 600_000;
/** What was done last: older deeds are told by `uzel driver history`. */
const EVENTS = 50;
const LOG_LINES = 50;
const DEVICES = 60;

export interface CanaryOrder {
  why: string;
  devices: number[];
  share_percent: number;
  promote_after: number;
  override: boolean;
}

export type NewKey = Pick<VendorKey, 'public' | 'name' | 'vendor' | 'roles' | 'models'> & { why: string };

const of = (digest: string) => `/drivers/versions/${digest}`;
const post = <T>(path: string, body: unknown) => request<T>('POST', path, {}, body, { timeoutMs: LONG_MS });

export const park = {
  versions: (signal?: AbortSignal) => all<Version>('/drivers/versions', {}, signal),
  work: (signal?: AbortSignal) => all<VersionWork>('/drivers/work', {}, signal),
  keys: (signal?: AbortSignal) => all<VendorKey>('/drivers/keys', {}, signal),
  statistics: (digest: string, period: string, signal?: AbortSignal) => get<DriverStatistics>(`${of(digest)}/statistics`, { period }, signal),
  log: (digest: string, after: string | null, signal?: AbortSignal) => get<Page<LogLine>>(`${of(digest)}/log`, { after, limit: LOG_LINES }, signal),
  devices: (digest: string, after: string | null, signal?: AbortSignal) => get<Page<Named>>(`${of(digest)}/devices`, { after, limit: DEVICES }, signal),
  events: (driver: string, signal?: AbortSignal) => get<Page<Done>>('/drivers/events', { driver, limit: EVENTS }, signal),

  install: (file: Blob, grant: string, why: string) =>
    request<TakenIn>('POST', '/drivers/versions', { grant, why }, file, { timeoutMs: LONG_MS }),
  shadow: (digest: string, sessions: number, why: string) => post<Shadow>(`${of(digest)}/shadow`, { why, sessions }),
  canary: (digest: string, order: CanaryOrder) => post<Version>(`${of(digest)}/canary`, order),
  activate: (digest: string, override: boolean, why: string) => post<Version>(`${of(digest)}/activate`, { why, override }),
  quarantine: (digest: string, why: string) => post<Version>(`${of(digest)}/quarantine`, { why }),
  retire: (digest: string, why: string) => post<Version>(`${of(digest)}/retire`, { why }),
  revoke: (digest: string, why: string) => post<void>(`${of(digest)}/revoke`, { why }),
  rollBack: (driver: string, why: string) => post<Version>(`/drivers/${driver}/rollback`, { why }),
  trust: (key: NewKey) => post<void>('/drivers/keys', key),
  revokeKey: (id: string, why: string) => post<void>(`/drivers/keys/${id}/revoke`, { why }),
};
