// The list of devices, loaded once for the list, the search and the heads, and kept fresh by the stream.

import { ApiError, api } from '../api/client';
import type { Device } from '../api/types';
import { stream } from './stream.svelte';

/** Devices that changed are read again together, so that a busy minute is a few requests. */
const GATHER_MS = 1_500;
/** Beyond it one request for the whole list is cheaper than one a device. */
const MAX_SINGLE = 8;

let items = $state.raw<readonly Device[]>([]);
let status = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle');
let error = $state.raw<ApiError | null>(null);
let stale = new Set<number>();
let timer: ReturnType<typeof setTimeout> | undefined;
let loading: Promise<void> | null = null;

async function load(): Promise<void> {
  if (status === 'idle' || status === 'failed') status = 'loading';
  try {
    items = await api.devices();
    status = 'ready';
    error = null;
  } catch (cause) {
    error = cause instanceof ApiError ? cause : new ApiError('client', 0, String(cause), null);
    // Old data stay on the screen; only a first load that failed is a failed page.
    if (status !== 'ready') status = 'failed';
  } finally {
    loading = null;
  }
}

async function refresh(): Promise<void> {
  const ids = [...stale];
  stale = new Set();
  if (status !== 'ready' || ids.length === 0) return;
  if (ids.length > MAX_SINGLE) return devices.reload();
  const read = await Promise.allSettled(ids.map((id) => api.device(id)));
  const fresh = new Map(read.flatMap((one) => (one.status === 'fulfilled' ? [[one.value.id, one.value] as const] : [])));
  items = items.map((device) => fresh.get(device.id) ?? device);
}

function touched(device: number): void {
  stale.add(device);
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), GATHER_MS);
}

stream.on('session', (live) => {
  if (live.ended_at) touched(live.device.id);
});
stream.on('records', ({ device }) => touched(device));
stream.onResync(() => {
  if (status === 'ready') void devices.reload();
});

export const devices = {
  get items() {
    return items;
  },
  get status() {
    return status;
  },
  get error() {
    return error;
  },
  /** Loads the list unless it is there or on its way. */
  want(): void {
    if (status === 'idle') void devices.reload();
  },
  reload(): Promise<void> {
    loading ??= load();
    return loading;
  },
  /** A device read elsewhere takes its place in the list. */
  put(device: Device): void {
    items = items.map((old) => (old.id === device.id ? device : old));
  },
};
