// The table as text for other programs: as it is seen, or for machines.

import type { Archive } from '../archive/model';
import { NOTHING, number, shortest } from '../format/number';
import { dateTime } from '../format/time';
import type { Lang } from '../i18n/lang';

/** A cell of text must not break the table. */
const flat = (text: string): string => text.replaceAll(/[\t\r\n]+/g, ' ');

/** Tab-separated, newest first, with head and units, in the language of the screen. */
export function asSeen(archive: Archive, zone: string, lang: Lang, start: string, unit: (unit: string) => string): string {
  const heads = archive.columns.map((column) => [column.id, unit(column.unit)].filter(Boolean).join(', '));
  const lines = archive.rows.toReversed().map((row) => [
    dateTime(row.start, zone, lang),
    ...row.values.map((value, i) => {
      if (typeof value === 'string') return value;
      return row.marks.get(i)?.quality === 'absent' ? NOTHING : number(value, archive.columns[i]?.decimals ?? null, lang);
    }),
  ]);
  return [[start, ...heads], ...lines].map((cells) => cells.map(flat).join('\t')).join('\n');
}

/** Tab-separated, oldest first: point, UTC, the names of the vocabulary, numbers with a point. */
export function forMachines(archive: Archive, point: number): string {
  const heads = archive.columns.map((column) => [column.id, column.quantity, column.pipe, column.unit].filter(Boolean).join(' '));
  const iso = (ms: number) => new Date(ms).toISOString();
  const lines = archive.rows.map((row) => [
    String(point), iso(row.start), iso(row.end),
    ...row.values.map((value, i) => (typeof value === 'number' ? written(value, archive.columns[i]?.decimals ?? null) : (value ?? ''))),
  ]);
  return [['point', 'start', 'end', ...heads], ...lines].map((cells) => cells.map(flat).join('\t')).join('\n');
}

const written = (value: number, decimals: number | null): string => (decimals === null ? String(shortest(value)) : value.toFixed(decimals));
