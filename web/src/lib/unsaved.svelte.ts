// What was typed and is not kept yet. Forms say here that they hold such; whoever leaves the page by a link, a key or the
// browser's own buttons is asked first, and the browser asks by itself before it closes the tab.

import { onMount } from 'svelte';
import type { Attachment } from 'svelte/attachments';

interface Held {
  leaving: () => boolean;
  closing: () => boolean;
}

const held = new Set<Held>();
let answer = $state.raw<((isLeaving: boolean) => void) | null>(null);

function beforeUnload(event: BeforeUnloadEvent): void {
  if ([...held].some(({ closing }) => closing())) event.preventDefault();
}

export const unsaved = {
  /** Whether leaving the page would lose something now. */
  get is(): boolean {
    return [...held].some(({ leaving }) => leaving());
  },
  /** Whether somebody is being asked. */
  get isAsking(): boolean {
    return answer !== null;
  },
  /** Resolves to whether to leave: at once where nothing would be lost. A second question takes the place of the first. */
  ask(): Promise<boolean> {
    if (!unsaved.is) return Promise.resolve(true);
    answer?.(false);
    return new Promise((resolve) => (answer = resolve));
  },
  settle(isLeaving: boolean): void {
    answer?.(isLeaving);
    answer = null;
  },
  /** Returns what takes it away. `closing` tells of a closed tab, where that loses other things than leaving the page does. */
  hold(leaving: () => boolean, closing = leaving): () => void {
    const one = { leaving, closing };
    if (held.size === 0) globalThis.addEventListener?.('beforeunload', beforeUnload);
    held.add(one);
    return () => {
      held.delete(one);
      if (held.size === 0) globalThis.removeEventListener?.('beforeunload', beforeUnload);
    };
  },
  /** Forgets all of it: what is on the screen must go. */
  drop(): void {
    held.clear();
    globalThis.removeEventListener?.('beforeunload', beforeUnload);
  },
};

/** The same for as long as a component lives; called while it is set up. */
export function holdsUnsaved(leaving: () => boolean, closing = leaving): void {
  onMount(() => unsaved.hold(leaving, closing));
}

/** A dialog holds what was typed or chosen in it as long as it is open; what only filters a list is no such thing. */
export const typedIn: Attachment<HTMLDialogElement> = (dialog) => {
  let isTouched = false;
  const touch = (event: Event) => {
    if (!(event.target instanceof HTMLInputElement && event.target.type === 'search')) isTouched = true;
  };
  dialog.addEventListener('input', touch);
  const off = unsaved.hold(() => isTouched && dialog.open);
  return () => {
    off();
    dialog.removeEventListener('input', touch);
  };
};
