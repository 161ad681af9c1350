// The host itself over the API.

import { get, request, url } from '../api/client';
import type { components } from '../api/openapi';

type S = components['schemas'];
export type System = S['System'];
export type Configuration = S['Configuration'];
export type ConfigKey = S['ConfigKey'];
export type Metrics = S['Metrics'];
export type Backups = S['Backups'];
export type Backup = S['Backup'];

export const system = {
  state: (signal?: AbortSignal) => get<System>('/system', {}, signal),
  config: (signal?: AbortSignal) => get<Configuration>('/system/config', {}, signal),
  metrics: (hours: number, signal?: AbortSignal) => get<Metrics>('/system/metrics', { hours }, signal),
  backups: (signal?: AbortSignal) => get<Backups>('/system/backups', {}, signal),
  backUp: () => request<S['BegunBackup']>('POST', '/system/backup', {}, {}),
  fileOf: (file: string) => url(`/system/backups/${encodeURIComponent(file)}`),
};
