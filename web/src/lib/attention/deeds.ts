// What is done with chosen nodes: at once, with a toast that says what came of it and takes it back.

import type { BulkOutcomes } from '../api/types';
import { toasts } from '../live/toasts.svelte';
import { plainly } from '../refusals/told';
import { places } from './api';
import { a } from './words';

/** Nodes of one order: the server takes no more. */
const MOST = 500;

function left({ items }: BulkOutcomes): string {
  const words = Object.keys(a().notDone);
  const counts = words.map((word) => ({ word, count: items.filter(({ outcome }) => outcome === word).length }));
  return counts.filter(({ count }) => count > 0).map(({ word, count }) => a().notDone[word]?.(count) ?? '').join(' · ');
}

async function carryOut(
  nodes: readonly number[], order: () => Promise<BulkOutcomes>, title: (done: number) => string, undo: (() => Promise<BulkOutcomes>) | null, after: () => void,
): Promise<void> {
  if (nodes.length === 0) return;
  if (nodes.length > MOST) {
    toasts.say({ figure: 'late', title: a().failed, text: a().tooMany(MOST), failed: true });
    return;
  }
  try {
    const came = await order();
    const text = left(came);
    const action = undo && came.done > 0 ? { word: a().undo, run: () => void undo().then(after, failed) } : undefined;
    toasts.say({ figure: came.done > 0 ? 'ok' : 'late', title: came.done > 0 ? title(came.done) : a().failed, failed: came.done === 0, ...(text ? { text } : {}), ...(action ? { action } : {}) });
  } catch (cause) {
    failed(cause);
  }
  after();
}

function failed(cause: unknown): void {
  toasts.say({ figure: 'late', title: a().failed, text: plainly(cause), failed: true });
}

export const deeds = {
  acknowledge: (nodes: readonly number[], after: () => void) =>
    carryOut(nodes, () => places.acknowledge(nodes), a().didAcknowledge, () => places.acknowledge(nodes, false), after),
  assign: (nodes: readonly number[], to: string | null, after: () => void) =>
    carryOut(nodes, () => places.assign(nodes, to), (done) => a().didAssign(done, to), to ? () => places.assign(nodes, null) : null, after),
  readNow: (nodes: readonly number[], after: () => void) => carryOut(nodes, () => places.readNow(nodes), a().didRead, null, after),
};
