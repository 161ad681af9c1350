// An archive as the page holds it: rows in time order against one set of columns.

import type { ArchiveRecord, Column, Condition, Gap, GapReason, Quality, Value } from '../api/types';

export interface RowMark {
  quality: Quality;
  code: string | null;
}

export interface Row {
  record: number;
  /** Unix milliseconds; `end` is not included. A moment has `end` equal to `start`. */
  start: number;
  end: number;
  label: string | null;
  length_s: number | null;
  version: number;
  versions: number;
  session: number;
  received_at: string;
  /** One per column of the archive. */
  values: Value[];
  /** By column. */
  marks: Map<number, RowMark>;
  conditions: Condition[];
}

export interface Missing {
  start: number;
  end: number;
  intervals: number;
  reason: GapReason;
}

export interface Archive {
  columns: Column[];
  /** Oldest first. */
  rows: Row[];
  /** Oldest first, not overlapping. */
  gaps: Missing[];
  /** True when the period held more rows than the client takes. */
  truncated: boolean;
}

export const emptyArchive = (): Archive => ({ columns: [], rows: [], gaps: [], truncated: false });

/** Gathers pages whose columns may differ: a device may declare others from some day on. */
export class Gatherer {
  readonly columns: Column[] = [];
  readonly rows: Row[] = [];
  readonly #gaps = new Map<number, Missing>();
  readonly #place = new Map<number, number>();

  add(page: { columns: Column[]; items: ArchiveRecord[]; gaps?: Gap[] }): void {
    const places = page.columns.map((column) => this.#placeOf(column));
    const width = this.columns.length;
    for (const item of page.items) this.rows.push(row(item, places, width));
    for (const gap of page.gaps ?? []) {
      const start = Date.parse(gap.start);
      this.#gaps.set(start, { start, end: Date.parse(gap.end), intervals: gap.intervals, reason: gap.reason });
    }
  }

  archive(truncated: boolean): Archive {
    const width = this.columns.length;
    for (const one of this.rows) while (one.values.length < width) one.values.push(null);
    this.rows.sort((a, b) => a.start - b.start);
    const gaps = [...this.#gaps.values()].sort((a, b) => a.start - b.start);
    return { columns: this.columns, rows: this.rows, gaps, truncated };
  }

  #placeOf(column: Column): number {
    let place = this.#place.get(column.series);
    if (place === undefined) {
      place = this.columns.push(column) - 1;
      this.#place.set(column.series, place);
    }
    return place;
  }
}

function row(item: ArchiveRecord, places: number[], width: number): Row {
  const values: Value[] = new Array<Value>(width).fill(null);
  item.values.forEach((value, i) => {
    const place = places[i];
    if (place !== undefined) values[place] = value;
  });
  const marks = new Map<number, RowMark>();
  for (const mark of item.marks) {
    const place = places[mark.column];
    if (place !== undefined) marks.set(place, { quality: mark.quality, code: mark.code });
  }
  const conditions = item.conditions.map((one) => ({ ...one, column: one.column === null ? null : (places[one.column] ?? null) }));
  return {
    record: item.record, start: Date.parse(item.start), end: Date.parse(item.end), label: item.label, length_s: item.length_s,
    version: item.version, versions: item.versions, session: item.session, received_at: item.received_at, values, marks, conditions,
  };
}

/** First index whose row starts at or after `at`. */
export function lowerBound(rows: readonly { start: number }[], at: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.start ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What of the archive begins within [from, to). Gaps are cut to it. */
export function slice(archive: Archive, from: number, to: number): Archive {
  const rows = archive.rows.slice(lowerBound(archive.rows, from), lowerBound(archive.rows, to));
  const gaps = archive.gaps.filter((gap) => gap.start < to && gap.end > from).map((gap) => cut(gap, from, to));
  return { columns: archive.columns, rows, gaps, truncated: archive.truncated };
}

function cut(gap: Missing, from: number, to: number): Missing {
  if (gap.start >= from && gap.end <= to) return gap;
  const [start, end] = [Math.max(gap.start, from), Math.min(gap.end, to)];
  const share = (end - start) / Math.max(1, gap.end - gap.start);
  return { start, end, intervals: Math.max(1, Math.round(gap.intervals * share)), reason: gap.reason };
}

/** The columns of one point; those of the device as a whole (point 0) belong to each. */
export function ofPoint(archive: Archive, point: number | null): Archive {
  if (point === null) return archive;
  const places = archive.columns.flatMap((column, i) => (column.point === point || column.point === 0 ? [i] : []));
  if (places.length === archive.columns.length) return archive;
  const back = new Map(places.map((place, i) => [place, i]));
  const rows = archive.rows.map((one) => ({
    ...one,
    values: places.map((place) => one.values[place] ?? null),
    marks: new Map([...one.marks].flatMap(([place, mark]) => {
      const at = back.get(place);
      return at === undefined ? [] : [[at, mark] as const];
    })),
    conditions: one.conditions
      .filter((condition) => condition.point === point || condition.point === 0)
      .map((condition) => ({ ...condition, column: condition.column === null ? null : (back.get(condition.column) ?? null) })),
  }));
  return { ...archive, columns: places.flatMap((place) => archive.columns[place] ?? []), rows };
}

/** Points that the columns name, the device as a whole left out. */
export const pointsOf = (columns: readonly Column[]): number[] =>
  [...new Set(columns.map((column) => column.point))].filter((point) => point > 0).sort((a, b) => a - b);

/** The usual length of an interval, milliseconds: the median, so that odd ones do not count. 0 for moments. */
export function usualLength(rows: readonly Row[]): number {
  if (rows.length === 0) return 0;
  const lengths = rows.map((one) => one.end - one.start).sort((a, b) => a - b);
  return lengths[lengths.length >> 1] ?? 0;
}
