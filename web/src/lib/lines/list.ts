// Which lines a list shows, and how their shares read. Pure.

import { fold, matches } from '../fold';
import { number } from '../format/number';
import type { Lang } from '../i18n/lang';
import type { Line, LineHealth, LineWork } from './api';

export const WHICH = ['all', 'busy', 'queue', 'poor'] as const;
export type Which = (typeof WHICH)[number];

/** Below it somebody should look at the line: every twentieth session fails. */
const POOR = 0.95;

export interface Filter {
  query: string;
  kind: string;
  which: Which;
}

const letters = new Intl.Collator('ru', { numeric: true, sensitivity: 'base' });
const textOf = (line: Line): string => fold([line.name, line.address, ...line.devices.map((one) => one.name)].join(' '));

/** Lines that fit. Poor ones come worst first, others by name. */
export function choose(
  items: readonly Line[],
  { query, kind, which }: Filter,
  work: ReadonlyMap<number, LineWork>,
  health: ReadonlyMap<number, LineHealth>,
): Line[] {
  const share = (line: Line): number | null => health.get(line.id)?.success_share ?? null;
  const fits = (line: Line): boolean => {
    if (kind && line.kind !== kind) return false;
    if (which === 'busy' && !work.get(line.id)?.session) return false;
    if (which === 'queue' && !work.get(line.id)?.waiting.length) return false;
    if (which === 'poor' && (share(line) ?? 1) >= POOR) return false;
    return !query.trim() || matches(textOf(line), query);
  };
  const by = which === 'poor' ? (a: Line, b: Line) => (share(a) ?? 1) - (share(b) ?? 1) : () => 0;
  return items.filter(fits).sort((a, b) => by(a, b) || letters.compare(a.name, b.name) || a.id - b.id);
}

/** A share as a number of a hundred; a dash for nothing. */
export const percent = (share: number | null | undefined, lang: Lang): string =>
  share === null || share === undefined ? number(null, 0, lang) : number(share * 100, 1, lang);

/** Received power behind a level of `+CSQ` (3GPP 27.007, section 8.5): 0 is −113 dBm, each step 2 dB. */
export const dbm = (csq: number): number => -113 + 2 * csq;

/** What of a greeting can be read; a dot stands for each other byte. */
export const readable = (hex: string): string =>
  hex.split(/\s+/).flatMap((part) => part.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)).map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
