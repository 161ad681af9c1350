// What stands where, over the API: made, changed, archived, replaced, tried and imported.

import { ApiError, all, get, request } from '../api/client';
import type { components } from '../api/openapi';
import type { Device, Page } from '../api/types';

type S = components['schemas'];
/** What is left out of these has the usual meaning. */
export type DeviceBody = Partial<Omit<S['DeviceBody'], 'routes' | 'place' | 'points' | 'config'>> & {
  routes?: RouteBody[] | null;
  place?: PlaceBody | null;
  points?: Partial<S['DevicePointBody']>[] | null;
  config?: Record<string, unknown> | null;
};
export type RouteBody = Partial<S['DeviceRouteBody']>;
export type PlaceBody = Partial<S['DevicePlaceBody']>;
export type DeviceTest = S['DeviceTest'];
export type DeviceHistory = S['DeviceHistory'];
export type FoundModel = S['FoundModel'];
export type Group = S['Group'];
export type Imported = S['Imported'];
export type ImportRow = S['ImportRow'];
export type Line = S['Line'];
export type NodeKept = S['Node'];
export type Organisation = S['Organisation'];
export type PointKept = S['Point'];
export type Replacement = S['Replacement'];
export type Site = S['Site'];

/** Kinds of what is kept, as the paths of the API have them. */
export const KINDS = ['devices', 'organisations', 'sites', 'nodes', 'points', 'lines', 'groups'] as const;
export type Kind = (typeof KINDS)[number];
/** Those that a short form is enough for. */
export type Plain = Exclude<Kind, 'devices'>;

export interface KeptOf {
  devices: Device;
  organisations: Organisation;
  sites: Site;
  nodes: NodeKept;
  points: PointKept;
  lines: Line;
  groups: Group;
}
export type Kept = KeptOf[Kind];

const PER_PAGE = 500;
/** A file of thousands of rows is held against the whole database. */
const IMPORT_MS = 180_000;
const MODELS = 12;

export const keep = {
  all: <K extends Kind>(kind: K, archived: boolean, signal?: AbortSignal) => all<KeptOf[K]>(`/${kind}`, { limit: PER_PAGE, archived: archived || null }, signal),
  one: <K extends Kind>(kind: K, id: number, signal?: AbortSignal) => get<KeptOf[K]>(`/${kind}/${id}`, {}, signal),
  make: <K extends Plain>(kind: K, body: object) => request<KeptOf[K]>('POST', `/${kind}`, {}, body),
  change: <K extends Plain>(kind: K, id: number, patch: object, revision: number | undefined) => request<KeptOf[K]>('PATCH', `/${kind}/${id}`, {}, patch, { revision }),
  archive: (kind: Kind, id: number, revision?: number) => request<void>('POST', `/${kind}/${id}/archive`, {}, undefined, { revision }),
  restore: (kind: Kind, id: number) => request<void>('POST', `/${kind}/${id}/restore`),

  nodesOf: (site: number, signal?: AbortSignal) => all<NodeKept>('/nodes', { site, limit: PER_PAGE }, signal),
  models: async (search: string, signal?: AbortSignal) => (await get<Page<FoundModel>>('/drivers/models', { search, limit: MODELS }, signal)).items,

  form: (id: number, signal?: AbortSignal) => get<DeviceBody>(`/devices/${id}/form`, {}, signal),
  history: (id: number, signal?: AbortSignal) => get<DeviceHistory>(`/devices/${id}/history`, {}, signal),
  makeDevice: (body: DeviceBody) => request<Device>('POST', '/devices', {}, body),
  changeDevice: (id: number, patch: DeviceBody, revision: number | undefined) => request<Device>('PATCH', `/devices/${id}`, {}, patch, { revision }),
  replace: (id: number, at: string | null, device: DeviceBody, revision: number | undefined) =>
    request<Replacement>('POST', `/devices/${id}/replace`, {}, { at, device }, { revision }),

  /** `device` lends its secrets where they are masked. */
  test: (body: DeviceBody, device: number | null) => request<{ id: number }>('POST', '/devices/test', { device }, body),
  testOf: (id: number, signal?: AbortSignal) => get<DeviceTest>(`/devices/tests/${id}`, {}, signal),
  endTest: (id: number) => request<void>('DELETE', `/devices/tests/${id}`),

  importFile: (file: Blob, dryRun: boolean) => request<Imported>('POST', '/import', { 'dry-run': dryRun }, new Blob([file]), { timeoutMs: IMPORT_MS }),
};

export const asError = (cause: unknown): ApiError => (cause instanceof ApiError ? cause : new ApiError('client', 0, String(cause), null));

/** A line's address as forms take it: `tcp:10.0.0.7:4001`. Lists leave the kind out. */
export const lineAddress = ({ kind, address }: { kind: string; address: string }): string => `${kind}:${address}`;
