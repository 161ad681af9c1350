// Sessions that run now, and those that ended within half a minute. Repainted at most once a second.

import type { Live } from '../api/types';
import { serverNow } from './clock.svelte';
import { stream } from './stream.svelte';

const REPAINT_MS = 1_000;
const ENDED_STAY_MS = 30_000;
/** More lines than this do not run on one server; a wrong stream must not fill the memory. */
const MAX_SESSIONS = 5_000;

let known = new Map<number, Live>();
let timer: ReturnType<typeof setTimeout> | undefined;
let paintedAt = 0;
let list = $state.raw<readonly Live[]>([]);

function paint(): void {
  timer = undefined;
  paintedAt = Date.now();
  const now = serverNow();
  for (const [id, live] of known) {
    if (live.ended_at && now - Date.parse(live.ended_at) > ENDED_STAY_MS) known.delete(id);
  }
  list = [...known.values()].sort((a, b) => b.session - a.session);
  if (list.some((live) => live.ended_at)) timer = setTimeout(paint, ENDED_STAY_MS / 4);
}

function changed(): void {
  const wait = Math.max(0, paintedAt + REPAINT_MS - Date.now());
  clearTimeout(timer);
  timer = setTimeout(paint, wait);
}

stream.on('sessions', ({ running }) => {
  const ended = [...known.values()].filter((live) => live.ended_at);
  known = new Map([...ended, ...running.slice(0, MAX_SESSIONS)].map((live) => [live.session, live]));
  changed();
});

stream.on('session', (live) => {
  if (known.size >= MAX_SESSIONS && !known.has(live.session)) return;
  known.set(live.session, live);
  changed();
});

export const running = {
  /** Newest first, the just ended among them. */
  get list(): readonly Live[] {
    return list;
  },
  get count(): number {
    return list.reduce((sum, live) => sum + (live.ended_at ? 0 : 1), 0);
  },
  ofDevice: (device: number): Live | undefined => list.find((live) => live.device.id === device && !live.ended_at),
  ofSession: (session: number): Live | undefined => list.find((live) => live.session === session),
};
