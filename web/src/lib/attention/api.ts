// Requests of the list of attention, the tree, the search and the map.

import { get, request } from '../api/client';
import type { Attention, BulkOutcomes, NodeRow, SearchFound, SiteMap, Tree } from '../api/types';

export interface AttentionQuery {
  state?: string | null;
  at?: string | null;
  q?: string | null;
  order?: 'stake' | 'place';
  after?: string | null;
  limit?: number;
}

const deed = (name: string, body: unknown) => request<BulkOutcomes>('POST', `/attention/${name}`, {}, body);

export const places = {
  attention: (query: AttentionQuery, signal?: AbortSignal) => get<Attention>('/attention', { ...query }, signal),
  acknowledge: (nodes: readonly number[], known = true) => deed('acknowledge', { nodes, known }),
  assign: (nodes: readonly number[], to: string | null) => deed('assign', { nodes, to }),
  readNow: (nodes: readonly number[]) => deed('read-now', { nodes }),
  node: (id: number, signal?: AbortSignal) => get<NodeRow>(`/nodes/${id}/state`, {}, signal),
  tree: (at: string | null, signal?: AbortSignal) => get<Tree>('/tree', { at }, signal),
  search: (q: string, limit: number, signal?: AbortSignal) => get<SearchFound>('/search', { q, limit }, signal),
  map: (signal?: AbortSignal) => get<SiteMap>('/map', {}, signal),
};

/** Rows up to `want` of them, page by page. */
export async function rowsOf(query: AttentionQuery, want: number, pageRows: number, signal?: AbortSignal): Promise<Attention> {
  let answer = await places.attention({ ...query, limit: Math.min(want, pageRows) }, signal);
  while (answer.next && answer.items.length < want) {
    const more = await places.attention({ ...query, limit: pageRows, after: answer.next }, signal);
    answer = { ...more, items: [...answer.items, ...more.items] };
  }
  return answer;
}
