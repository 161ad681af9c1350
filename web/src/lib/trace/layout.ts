// Entries of a wire trace as rows of the screen: bytes in lines of 16, remarks beside the bytes they are about,
// silence and failures as rows of their own.

import type { TraceEntry } from '../api/types';

/** Bytes shown of a long frame before it is opened. */
export const FOLD_BYTES = 24;
const LINE_BYTES = 16;
const GROUP_BYTES = 8;

export type RowKind = 'sent' | 'received' | 'silence' | 'closed' | 'settings' | 'log';

export interface TraceRow {
  /** Place of its entry in the trace: what the address names. */
  entry: number;
  kind: RowKind;
  at_ms: number;
  /** After the last bytes sent, for what answers them; a silence after an answer counts from its last bytes. */
  after_ms: number | null;
  bytes: string[];
  /** Text of a log line, a setting, a closing; null elsewhere. */
  text: string | null;
  /** The driver's remarks about these bytes. */
  notes: string[];
  /** How the row failed: nobody answered, or what came was no answer. */
  failed: 'silence' | 'garbled' | null;
}

/** `00 03 3f fe` or `00033ffe` as two-digit bytes in upper case; `**` is a byte of a secret. What is neither is left out. */
export function bytesOf(hex: string | null): string[] {
  return (hex ?? '').replace(/[^0-9a-f*]/gi, '').toUpperCase().match(/../g) ?? [];
}

/** Words that tell of an answer which was not one: drivers name what came and what should have come. */
const GARBLED = /\bcheck ?(?:sum|byte)\b|\bcrc\b|garbled|\bcomputed\b|\bexpected\b|\bgot \d|comes from|nobody asked|контрольн/i;
const WARNS = /^\s*\[?(?:warn(?:ing)?|error)\b/i;

export function rowsOf(entries: readonly TraceEntry[]): TraceRow[] {
  const rows: TraceRow[] = [];
  let sentAt: number | null = null;
  /** When the answer to it came last; null while there is none. */
  let heardAt: number | null = null;
  entries.forEach((entry, index) => {
    if (entry.kind === 'note') {
      note(rows, entry, index);
      return;
    }
    const row: TraceRow = {
      entry: index, kind: entry.kind === 'timeout' ? 'silence' : entry.kind, at_ms: entry.at_ms,
      after_ms: null, bytes: bytesOf(entry.hex), text: entry.text, notes: [], failed: null,
    };
    if (entry.kind === 'sent') [sentAt, heardAt] = [entry.at_ms, null];
    else if (entry.kind === 'timeout' && heardAt !== null) row.after_ms = entry.at_ms - heardAt;
    else if (entry.kind !== 'log' && entry.kind !== 'settings' && sentAt !== null) row.after_ms = entry.at_ms - sentAt;
    if (entry.kind === 'received') heardAt = entry.at_ms;
    if (entry.kind === 'timeout') silent(row, heardAt !== null);
    if (entry.kind === 'closed') row.failed = 'silence';
    const before = rows.at(-1);
    if (row.kind === 'silence' && row.bytes.length === 0 && before?.kind === 'silence' && !!before.failed === !!row.failed) {
      // A driver that waits before it asks again prolongs one silence.
      before.after_ms = row.after_ms;
      return;
    }
    if (entry.kind === 'log' && WARNS.test(entry.text ?? '')) row.failed = GARBLED.test(entry.text ?? '') ? 'garbled' : 'silence';
    rows.push(row);
  });
  return rows;
}

/** Many protocols end an answer by silence: only one that nothing came before is a failure. */
function silent(row: TraceRow, isAnswered: boolean): void {
  row.failed = isAnswered ? null : 'silence';
  if (row.text === 'timeout') row.text = null;
}

/** A remark belongs to the last bytes, or to the silence in their place; before any bytes it is a line of its own. */
function note(rows: TraceRow[], entry: TraceEntry, index: number): void {
  const text = entry.text ?? '';
  const about = rows.findLast((row) => row.kind !== 'log' && (row.kind !== 'silence' || row.failed));
  if (!about) {
    rows.push({ entry: index, kind: 'log', at_ms: entry.at_ms, after_ms: null, bytes: [], text, notes: [], failed: null });
    return;
  }
  about.notes.push(text);
  if (about.kind === 'received' && GARBLED.test(text)) about.failed = 'garbled';
}

/** What failed, each with its question: an answer means little without. */
export function failures(rows: readonly TraceRow[]): TraceRow[] {
  const out = new Set<TraceRow>();
  let asked: TraceRow | null = null;
  for (const row of rows) {
    if (row.kind === 'sent') asked = row;
    if (!row.failed) continue;
    if (asked) out.add(asked);
    out.add(row);
  }
  return [...out];
}

export interface HexLine {
  /** Place of its first byte in the frame. */
  at: number;
  groups: string[][];
}

/** 16 bytes a line in two groups; a long frame ends after its first lines unless it is open. */
export function hexLines(bytes: readonly string[], open: boolean): { lines: HexLine[]; hidden: number } {
  // A few bytes more are shown rather than hidden behind a link that is as long as they are.
  const shown = open || bytes.length <= FOLD_BYTES + GROUP_BYTES ? bytes.length : FOLD_BYTES;
  const lines: HexLine[] = [];
  for (let at = 0; at < shown; at += LINE_BYTES) {
    const line = bytes.slice(at, Math.min(at + LINE_BYTES, shown));
    lines.push({ at, groups: [line.slice(0, GROUP_BYTES), line.slice(GROUP_BYTES)].filter((group) => group.length > 0) });
  }
  return { lines, hidden: bytes.length - shown };
}

export interface Hit {
  /** Place of the row. */
  row: number;
  /** Bytes of the row that were found; null when the words were. */
  from: number | null;
  to: number | null;
}

/** More hits than these are not stepped through by hand. */
const MAX_HITS = 5_000;

/** Looks for bytes when the query is hex, and for words either way. */
export function find(rows: readonly TraceRow[], query: string): Hit[] {
  const text = query.trim().toLowerCase();
  if (!text) return [];
  const hex = /^[0-9a-f\s]+$/i.test(text) ? text.replace(/\s/g, '').toUpperCase() : '';
  const wanted = hex.length >= 2 && hex.length % 2 === 0 ? (hex.match(/../g) ?? []) : [];
  const hits: Hit[] = [];
  rows.forEach((row, place) => {
    if (hits.length >= MAX_HITS) return;
    if (wanted.length) {
      for (const at of places(row.bytes, wanted)) hits.push({ row: place, from: at, to: at + wanted.length });
    }
    if ([row.text ?? '', ...row.notes].some((words) => words.toLowerCase().includes(text))) hits.push({ row: place, from: null, to: null });
  });
  return hits;
}

function places(bytes: readonly string[], wanted: readonly string[]): number[] {
  const out: number[] = [];
  for (let at = 0; at + wanted.length <= bytes.length; at += 1) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) out.push(at);
  }
  return out;
}

/** The trace as text: `>` what we sent, `<` what came, `#` everything else. Times in milliseconds from the start. */
export function asText(rows: readonly TraceRow[], head: readonly string[]): string {
  const out = head.map((line) => `# ${line}`);
  for (const row of rows) {
    const at = String(row.at_ms).padStart(8);
    if (row.kind === 'sent') out.push(`> ${row.bytes.join(' ')}  # ${at} ms`);
    else if (row.kind === 'received') out.push(`< ${row.bytes.join(' ')}  # ${at} ms`);
    else out.push(`#${at} ms ${row.kind}${row.text ? `: ${row.text}` : ''}${row.bytes.length ? ` ${row.bytes.join(' ')}` : ''}`);
    for (const text of row.notes) out.push(`#          ${text}`);
  }
  return out.join('\n') + '\n';
}
