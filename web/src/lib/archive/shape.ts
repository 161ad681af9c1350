// Rows as uPlot wants them. A stretch without data gets a null, so that no line crosses it.

import { type Missing, type Row, usualLength } from './model';

export interface Shape {
  /** Unix seconds: middles of the intervals, ends of moments; one more before each break. */
  x: number[];
  /** Interval of each x, Unix seconds. */
  starts: number[];
  ends: number[];
  /** Row of each x; null where a break stands. */
  rows: (Row | null)[];
  /** One per asked column, as long as x. */
  ys: (number | null)[][];
}

const numeric = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** `places` are the columns to draw. Two rows further apart than half an interval are not joined. */
export function shape(rows: readonly Row[], places: readonly number[]): Shape {
  const length = usualLength(rows);
  const out: Shape = { x: [], starts: [], ends: [], rows: [], ys: places.map(() => []) };
  let before: Row | null = null;
  for (const row of rows) {
    if (before && length > 0 && row.start - before.end > length / 2) {
      push(out, before.end, Math.min(before.end + length, row.start), null, places);
    }
    // The same start twice cannot be drawn: the later row stands.
    if (before?.start === row.start && before.end === row.end) drop(out);
    push(out, row.start, row.end, row, places);
    before = row;
  }
  return out;
}

function push(out: Shape, start: number, end: number, row: Row | null, places: readonly number[]): void {
  out.x.push((start + end) / 2000);
  out.starts.push(start / 1000);
  out.ends.push(end / 1000);
  out.rows.push(row);
  places.forEach((place, i) => out.ys[i]?.push(row ? numeric(row.values[place]) : null));
}

function drop(out: Shape): void {
  for (const list of [out.x, out.starts, out.ends, out.rows, ...out.ys]) list.pop();
}

/** Indexes of points that no line reaches: both neighbours are missing. They get a dot. */
export function lonely(y: readonly (number | null)[], from: number, to: number): number[] {
  const found: number[] = [];
  for (let i = Math.max(0, from); i <= Math.min(to, y.length - 1); i += 1) {
    if (y[i] !== null && (y[i - 1] ?? null) === null && (y[i + 1] ?? null) === null) found.push(i);
  }
  return found;
}

export interface Band {
  /** Unix milliseconds. */
  start: number;
  end: number;
  intervals: number;
  /** Codes that hold in all of it, as the device says them. */
  codes: string[];
  row: Row;
}

/** Neighbouring rows with the same НС become one band. */
export function bands(rows: readonly Row[]): Band[] {
  const out: Band[] = [];
  for (const row of rows) {
    if (row.conditions.length === 0) continue;
    const codes = [...new Set(row.conditions.map((one) => `${one.code}\u0000${one.column ?? ''}`))].sort();
    const last = out.at(-1);
    if (last && last.end === row.start && last.codes.join() === codes.join()) {
      last.end = row.end;
      last.intervals += 1;
    } else {
      out.push({ start: row.start, end: row.end, intervals: 1, codes, row });
    }
  }
  return out;
}

/** Something to be said between two rows. */
export interface Note {
  /** Unix milliseconds: before the row that starts here. */
  at: number;
  text: string;
}

/** Rows, gaps and notes together, newest first, as the table lists them. */
export type Line = { kind: 'row'; row: Row } | { kind: 'gap'; gap: Missing } | { kind: 'note'; note: Note };

export function lines(rows: readonly Row[], gaps: readonly Missing[], notes: readonly Note[] = []): Line[] {
  const out: Line[] = [];
  let gap = gaps.length - 1;
  for (let i = rows.length - 1; i >= 0; i -= 1) {
    const row = rows[i];
    if (!row) continue;
    for (let next = gaps[gap]; next && next.start >= row.end; next = gaps[gap]) {
      out.push({ kind: 'gap', gap: next });
      gap -= 1;
    }
    out.push({ kind: 'row', row });
    const note = notes.find((one) => one.at === row.start);
    if (note) out.push({ kind: 'note', note });
  }
  for (; gap >= 0; gap -= 1) {
    const rest = gaps[gap];
    if (rest) out.push({ kind: 'gap', gap: rest });
  }
  return out;
}
