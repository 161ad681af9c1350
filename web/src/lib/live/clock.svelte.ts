// The time of the server, read by this browser's clock, and two ticks for what ages on the screen.

import { createSubscriber } from 'svelte/reactivity';

let aheadMs = 0;

/** Notes what the server's clock showed, so that ages do not depend on how the viewer's clock is set. */
export function serverSaid(iso: string): void {
  const at = Date.parse(iso);
  if (!Number.isNaN(at)) aheadMs = at - Date.now();
}

export const serverNow = (): number => Date.now() + aheadMs;

/** A clock that runs only while something on the screen reads it. */
class Tick {
  #subscribe: () => void;

  constructor(everyMs: number) {
    this.#subscribe = createSubscriber((update) => {
      const timer = setInterval(() => {
        if (!document.hidden) update();
      }, everyMs);
      document.addEventListener('visibilitychange', update);
      return () => {
        clearInterval(timer);
        document.removeEventListener('visibilitychange', update);
      };
    });
  }

  /** Unix milliseconds by the server. */
  get now(): number {
    this.#subscribe();
    return serverNow();
  }
}

/** For ages: they change by the minute. */
export const minutes = new Tick(15_000);
/** For what runs right now. */
export const seconds = new Tick(1_000);
