// One thing that a page shows: loading, there, or failed. What is there stays while it is read again; what the server has not
// answered is asked for again as soon as it is there.

import { ApiError, OFFLINE } from '../api/client';
import { stream } from './stream.svelte';

export class Load<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  busy = $state(false);
  #abort: AbortController | null = null;

  /** A later run cancels an earlier one. Returns what came, or null when it failed or was overtaken. */
  async run(read: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    for (;;) {
      this.busy = true;
      try {
        const data = await read(abort.signal);
        if (abort.signal.aborted) return null;
        this.data = data;
        this.error = null;
        return data;
      } catch (cause) {
        if (abort.signal.aborted) return null;
        this.error = cause instanceof ApiError ? cause : new ApiError('client', 0, String(cause), null);
        if (this.error.code !== OFFLINE) return null;
      } finally {
        if (this.#abort === abort) this.busy = false;
      }
      await stream.isBack(abort.signal);
      if (abort.signal.aborted) return null;
    }
  }

  /** Forgets what is shown: another thing will take its place. */
  reset(): void {
    this.#abort?.abort();
    this.data = null;
    this.error = null;
    this.busy = false;
  }
}
