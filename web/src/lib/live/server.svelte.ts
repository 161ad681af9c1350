// What the server says of itself: version, storage, who can reach it. Asked again every half minute.

import { api } from '../api/client';
import type { Health, Vocabulary } from '../api/types';
import { serverSaid } from './clock.svelte';
import { stream } from './stream.svelte';

const EVERY_MS = 30_000;

let health = $state.raw<Health | null>(null);
let vocabulary = $state.raw<Vocabulary | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

async function ask(): Promise<void> {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      health = await api.health();
      serverSaid(health.now);
      stream.heard();
    } catch {
      // The stream tells that the server is gone, and for how long.
    }
  }
  timer = setTimeout(() => void ask(), EVERY_MS);
}

async function words(): Promise<void> {
  try {
    vocabulary = await api.vocabulary();
  } catch {
    // Codes are shown as they are until the stream is back and asks again.
  }
}

export const server = {
  get health() {
    return health;
  },
  /** Titles of quantities, units, pipes and categories; null until they have come. */
  get vocabulary() {
    return vocabulary;
  },
  start(): void {
    void ask();
    void words();
    stream.onResync(() => {
      void ask();
      if (!vocabulary) void words();
    });
  },
};
