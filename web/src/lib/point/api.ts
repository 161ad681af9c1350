// A point over the API.

import { get, url } from '../api/client';
import type { components } from '../api/openapi';

type S = components['schemas'];

export type Point = S['PointWithSeries'];
export type PointArchive = S['PointArchive'];
export type PointDevice = S['PointDevice'];
export type TotalCheck = S['TotalCheck'];

export interface Part {
  kind: string;
  /** Unix milliseconds; `to` is not included. */
  from: number;
  to: number;
}

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
const query = ({ kind, from, to }: Part) => ({ kind, from: iso(from), to: iso(to) });

export const points = {
  one: (id: number, signal?: AbortSignal) => get<Point>(`/points/${id}`, {}, signal),
  archive: (id: number, part: Part, signal?: AbortSignal) => get<PointArchive>(`/points/${id}/archive`, query(part), signal),
  totals: (id: number, part: Part, signal?: AbortSignal) => get<{ items: TotalCheck[] }>(`/points/${id}/totals`, query(part), signal),
  /** Address of a file of the archive. */
  file: (id: number, part: Part, series: readonly number[], format: 'csv' | 'xlsx', lang: string) =>
    url(`/points/${id}/archive.${format}`, { ...query(part), series: series.join(','), lang }),
};
