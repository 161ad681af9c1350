// The server's event stream: reconnects by itself, tells how long it has been gone, and has everyone catch up.

import { url } from '../api/client';
import type { Live, LiveLagged, LiveSnapshot, RecordsAdded } from '../api/types';
import { waitMs } from './backoff';
import { serverNow } from './clock.svelte';

interface Events {
  /** All running sessions: the first event of a stream, and again after a loss. */
  sessions: LiveSnapshot;
  session: Live;
  records: RecordsAdded;
  lagged: LiveLagged;
}
type Name = keyof Events;
type Handler<N extends Name> = (data: Events[N]) => void;

const NAMES: readonly Name[] = ['sessions', 'session', 'records', 'lagged'];
/** A hidden tab lets go of the stream: nobody looks, and the server has fewer to write to. */
const HIDDEN_MS = 30_000;
/** The stream is there, and an answer was not: a slow line. */
const AGAIN_MS = 5_000;

const state = $state<{ status: 'connecting' | 'open' | 'lost'; lostAt: number | null; retryAt: number | null; heardAt: number }>({
  status: 'connecting', lostAt: null, retryAt: null, heardAt: serverNow(),
});

const handlers = new Map<Name, Set<Handler<never>>>(NAMES.map((name) => [name, new Set()]));
const resync = new Set<() => void>();
const losses = new Set<() => void>();
let source: EventSource | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
let tries = 0;
let everOpen = false;
let paused = false;

function emit<N extends Name>(name: N, text: string): void {
  let data: Events[N];
  try {
    data = JSON.parse(text) as Events[N];
  } catch {
    return; // An event that is no JSON says nothing; the next snapshot sets things right.
  }
  state.heardAt = serverNow();
  for (const handler of handlers.get(name) ?? []) (handler as Handler<N>)(data);
  if (name === 'lagged') catchUp();
}

function catchUp(): void {
  for (const handler of resync) handler();
}

function opened(): void {
  // Pages may have asked in vain before the stream was open for the first time.
  const wasLost = state.lostAt !== null;
  state.status = 'open';
  state.lostAt = null;
  state.retryAt = null;
  state.heardAt = serverNow();
  tries = 0;
  if (everOpen || wasLost) catchUp();
  everOpen = true;
}

function lost(): void {
  source?.close();
  source = null;
  if (paused) return;
  const now = serverNow();
  state.lostAt ??= now;
  state.status = 'lost';
  const wait = waitMs(tries);
  tries += 1;
  state.retryAt = now + wait;
  clearTimeout(timer);
  timer = setTimeout(connect, wait);
  for (const handler of losses) handler();
}

function connect(): void {
  clearTimeout(timer);
  source?.close();
  state.retryAt = null;
  const opening = new EventSource(url('/live'));
  source = opening;
  opening.onopen = opened;
  opening.onerror = () => {
    if (source === opening) lost();
  };
  for (const name of NAMES) opening.addEventListener(name, (event) => emit(name, (event as MessageEvent<string>).data));
}

function visibility(): void {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(() => {
      paused = true;
      clearTimeout(timer);
      source?.close();
      source = null;
    }, HIDDEN_MS);
  } else if (paused) {
    paused = false;
    connect();
  }
}

export const stream = {
  get status() {
    return state.status;
  },
  get lostAt() {
    return state.lostAt;
  },
  get retryAt() {
    return state.retryAt;
  },
  /** When the server was last heard. */
  get heardAt() {
    return state.heardAt;
  },
  start(): void {
    if (source) return;
    document.addEventListener('visibilitychange', visibility);
    connect();
  },
  /** Nobody is signed in, or may not see it: it would be refused. `start` begins it anew. */
  stop(): void {
    document.removeEventListener('visibilitychange', visibility);
    clearTimeout(timer);
    clearTimeout(hiddenTimer);
    source?.close();
    source = null;
    paused = false;
    Object.assign(state, { status: 'connecting', lostAt: null, retryAt: null });
  },
  /** Whoever may not hear the stream catches up, too, when the server answers again. */
  caughtUp(): void {
    if (!source) catchUp();
  },
  /** Resolves when it is worth asking again what the server has not answered: at once when the stream is back, and every few
   * seconds while it is open; or when `signal` says that nobody waits any more. */
  isBack(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        off();
        clearInterval(again);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const off = stream.onResync(done);
      const again = setInterval(() => state.status === 'open' && done(), AGAIN_MS);
      signal.addEventListener('abort', done);
    });
  },
  /** Any other request that got an answer says the server is there. */
  heard(): void {
    state.heardAt = serverNow();
  },
  on<N extends Name>(name: N, handler: Handler<N>): () => void {
    const set = handlers.get(name);
    set?.add(handler as Handler<never>);
    return () => set?.delete(handler as Handler<never>);
  },
  /** Called each time the stream is found to be gone: the browser does not say why. */
  onLost(handler: () => void): () => void {
    losses.add(handler);
    return () => losses.delete(handler);
  },
  /** Called when events may have been missed: read again what is shown. */
  onResync(handler: () => void): () => void {
    resync.add(handler);
    return () => resync.delete(handler);
  },
};
