// Answers to one's own actions: at most three, six seconds each; failures stay until closed (ui.md section 10).

import type { Figure } from '../words/outcome';

const MAX_TOASTS = 3;
const STAY_MS = 6_000;
/** What can be taken back stays longer. */
const UNDO_MS = 8_000;

export interface Toast {
  figure: Figure | 'busy';
  title: string;
  text?: string;
  /** Session to look at. */
  session?: number | null;
  failed?: boolean;
  /** Stays until it is replaced: something is going on. */
  busy?: boolean;
  action?: { word: string; run: () => void };
}

let list = $state.raw<readonly (Toast & { id: number })[]>([]);
let nextId = 1;
const timers = new Map<number, ReturnType<typeof setTimeout>>();

function settle(id: number, toast: Toast): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  if (!toast.failed && !toast.busy) timers.set(id, setTimeout(() => toasts.close(id), toast.action ? UNDO_MS : STAY_MS));
}

export const toasts = {
  get list() {
    return list;
  },
  say(toast: Toast): number {
    const id = nextId;
    nextId += 1;
    list = [...list, { ...toast, id }].slice(-MAX_TOASTS);
    settle(id, toast);
    return id;
  },
  /** Puts another text into a toast; one that was closed comes back only for a failure. */
  change(id: number, toast: Toast): void {
    if (list.some((one) => one.id === id)) list = list.map((one) => (one.id === id ? { ...toast, id } : one));
    else if (toast.failed) list = [...list, { ...toast, id }].slice(-MAX_TOASTS);
    else return;
    settle(id, toast);
  },
  close(id: number): void {
    clearTimeout(timers.get(id));
    timers.delete(id);
    list = list.filter((one) => one.id !== id);
  },
};
