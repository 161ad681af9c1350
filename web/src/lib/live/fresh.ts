// What a page shows and nobody tells of: read again every so often while somebody looks, and once the server is back.

import { stream } from './stream.svelte';

/** Gives what ends it. */
export function fresh(read: () => unknown, everyMs: number): () => void {
  const timer = setInterval(() => !document.hidden && read(), everyMs);
  const off = stream.onResync(read);
  return () => {
    clearInterval(timer);
    off();
  };
}
