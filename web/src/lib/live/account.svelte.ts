// Who is signed in: asked at the start, and whenever the server may think otherwise. A page stays as it is while its person
// signs in again: what was typed is still there.

import { type Credentials, type SignedIn, own } from '../account/api';
import { ApiError, gate } from '../api/client';
import { unsaved } from '../unsaved.svelte';
import { rights } from './rights.svelte';
import { stream } from './stream.svelte';

/** `choose`: whoever is signed in with a one-time secret may do nothing but choose a password. */
export type Standing = 'asking' | 'in' | 'out' | 'choose';

const AGAIN_MS = 3_000;

let standing = $state<Standing>('asking');
let session = $state.raw<SignedIn | null>(null);
/** The one-time secret that was just typed: whoever chooses a password need not type it again. */
let typed: string | null = null;
const waiting = new Set<(isIn: boolean) => void>();
let asking: Promise<void> | null = null;

function take(now: SignedIn): void {
  const before = session?.account?.id ?? null;
  // What is on the screen is another's: nothing of it stays.
  if (before !== null && before !== now.account?.id) {
    unsaved.drop();
    location.reload();
    return;
  }
  session = now;
  rights.set(now.accounts ? now.rights : null);
  standing = now.must_change_password ? 'choose' : 'in';
  if (standing === 'in') {
    for (const wake of waiting) wake(true);
    waiting.clear();
  }
}

async function read(): Promise<void> {
  try {
    take(await own.who());
  } catch (cause) {
    if (cause instanceof ApiError && cause.status === 401) standing = 'out';
    // The server cannot be asked: the pages say so, and it is asked again until it answers.
    else if (session === null) {
      if (standing === 'asking') standing = 'in';
      setTimeout(() => void ask(), AGAIN_MS);
    }
  }
}

/** Several who notice at once that the sign-in has ended ask once. */
function ask(): Promise<void> {
  asking ??= read().finally(() => (asking = null));
  return asking;
}

/** Resolves once somebody is signed in again: true; or once the asking page has gone: false. */
function signedOut(signal?: AbortSignal): Promise<boolean> {
  if (standing === 'in') standing = 'out';
  return new Promise((resolve) => {
    const wake = (isIn: boolean) => {
      waiting.delete(wake);
      resolve(isIn);
    };
    waiting.add(wake);
    signal?.addEventListener('abort', () => wake(false), { once: true });
  });
}

export const account = {
  get standing(): Standing {
    return standing;
  },
  /** Null until the server has said it, or when it could not be asked. */
  get session(): SignedIn | null {
    return session;
  },
  /** Whether this host has accounts at all. */
  get exists(): boolean {
    return session?.accounts === true;
  },
  get oneTime(): string | null {
    return typed;
  },
  start(): void {
    gate.signedOut = signedOut;
    stream.onLost(() => void ask());
    stream.onResync(() => void ask());
    document.addEventListener('visibilitychange', () => {
      // Somebody may have signed in beside, in another tab.
      if (!document.hidden && standing !== 'in') void ask();
    });
    void ask();
  },
  ask,
  async signIn(credentials: Credentials): Promise<void> {
    const now = await own.signIn(credentials);
    typed = now.must_change_password ? credentials.password : null;
    take(now);
  },
  async choosePassword(old: string, chosen: string): Promise<void> {
    await own.choosePassword(old, chosen);
    typed = null;
    await ask();
  },
  /** Leaves the client wholly: nothing of what was seen stays in the browser's memory. */
  async signOut(): Promise<void> {
    if (!(await unsaved.ask())) return;
    try {
      await own.signOut();
    } catch (cause) {
      if (!(cause instanceof ApiError && cause.status === 401)) throw cause;
    }
    unsaved.drop();
    location.assign('/sign-in');
  },
};
