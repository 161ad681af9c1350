// How many nodes wait for somebody: for the sections, the title, and whoever shows the list. Asked again when sessions end,
// and now and then because lateness comes with time alone.

import type { Attention } from '../api/types';
import { places } from '../attention/api';
import { stream } from './stream.svelte';

/** Sessions end all the time: the list is read again no more often. */
const GATHER_MS = 4_000;
const EVERY_MS = 30_000;

export type Summary = Pick<Attention, 'checked_at' | 'active' | 'disabled' | 'counts' | 'notes' | 'people'>;

let summary = $state.raw<Summary | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;
let dueAt = Infinity;
let reader: (() => Promise<void>) | null = null;

async function ask(): Promise<void> {
  dueAt = Infinity;
  if (!document.hidden) {
    try {
      if (reader) await reader();
      else attention.put(await places.attention({ limit: 1 }));
    } catch {
      // The stream tells that the server is gone; the next round asks again.
    }
  }
  plan(EVERY_MS);
}

function plan(inMs: number): void {
  const at = Date.now() + inMs;
  if (at >= dueAt) return;
  dueAt = at;
  clearTimeout(timer);
  timer = setTimeout(() => void ask(), inMs);
}

export const attention = {
  /** Null until it has come. */
  get summary(): Summary | null {
    return summary;
  },
  get waiting(): number {
    return summary ? summary.active - summary.counts.normal : 0;
  },
  put(answer: Summary): void {
    summary = answer;
  },
  start(): void {
    stream.on('session', (live) => {
      if (live.ended_at) plan(GATHER_MS);
    });
    stream.onResync(() => plan(0));
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) plan(0);
    });
    plan(0);
  },
  /** Whoever shows the list reads it instead, and puts what came. */
  readBy(read: () => Promise<void>): () => void {
    reader = read;
    plan(GATHER_MS);
    return () => {
      if (reader === read) reader = null;
    };
  },
};
