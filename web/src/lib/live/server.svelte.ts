// What the server says of itself: version, storage, who can reach it. Asked again every half minute.

import { api } from '../api/client';
import type { Health, Vocabulary } from '../api/types';
import { serverSaid } from './clock.svelte';
import { stream } from './stream.svelte';

const EVERY_MS = 30_000;
/** While it does not answer. */
const GONE_MS = 5_000;

let health = $state.raw<Health | null>(null);
let vocabulary = $state.raw<Vocabulary | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;
let isGone = false;

async function ask(): Promise<void> {
  clearTimeout(timer);
  const wasGone = isGone;
  if (!document.hidden) {
    try {
      health = await api.health();
      serverSaid(health.now);
      stream.heard();
      isGone = false;
      if (wasGone) stream.caughtUp();
    } catch {
      isGone = true;
      // The stream tells that the server is gone, and for how long.
    }
  }
  timer = setTimeout(() => void ask(), isGone ? GONE_MS : EVERY_MS);
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
