// Reads a period of an archive page by page, telling how far it is.

import { api } from '../api/client';
import { type Archive, Gatherer } from './model';

const PAGE_ROWS = 1_000;
/** Two years of hours. What is longer is told as cut, never silently. */
const MAX_ROWS = 20_000;

export interface Wanted {
  device: number;
  kind: string;
  /** Unix milliseconds; `to` is not included. */
  from: number;
  to: number;
}

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

export async function loadArchive(wanted: Wanted, progress: (rows: number) => void, signal: AbortSignal): Promise<Archive> {
  const gathered = new Gatherer();
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof api.records>> = await api.records(
      wanted.device,
      { archive: wanted.kind, from: iso(wanted.from), to: iso(wanted.to), order: 'asc', limit: PAGE_ROWS, after },
      signal,
    );
    gathered.add(page);
    progress(gathered.rows.length);
    // A page without rows cannot lead anywhere, whatever cursor it gives.
    after = page.items.length > 0 ? page.next : null;
  } while (after && gathered.rows.length < MAX_ROWS);
  return gathered.archive(after !== null);
}
