// The archive of a point as the pages hold it: from columns and runs to rows.

import type { Condition, Quality, Text } from '../api/types';
import type { Archive, Row, RowMark } from '../archive/model';
import type { PointArchive, PointDevice } from './api';

/** Where one meter took over from another. */
export interface Join {
  /** Unix milliseconds: start of the first interval of the new device. */
  at: number;
  device: PointDevice;
  before: PointDevice;
}

export interface PointData {
  archive: Archive;
  devices: PointDevice[];
  joins: Join[];
  /** Keys of the series of each column. */
  series: number[][];
  /** Place of the device of a row. */
  deviceOf: (row: number) => PointDevice | null;
}

const NO_MARKS: Map<number, RowMark> = new Map();
const NO_CONDITIONS: Condition[] = [];

/** Every row of a run, in order. */
function unrun(runs: readonly { rows: number; value: number }[], count: number): number[] {
  const out = new Array<number>(count).fill(0);
  let at = 0;
  for (const run of runs) for (const end = at + run.rows; at < end && at < count; at += 1) out[at] = run.value;
  return out;
}

/** The values whose differences these are. */
function undiffer(differences: readonly number[]): number[] {
  let value = 0;
  return differences.map((by) => (value += by));
}

function rowsOf(from: PointArchive): Row[] {
  const starts = undiffer(from.starts);
  const records = undiffer(from.records);
  const lengths = unrun(from.lengths, starts.length);
  const sessions = unrun(from.sessions, starts.length);
  const rows = starts.map((start, i): Row => ({
    record: records[i] ?? 0, start: start * 1000, end: (start + (lengths[i] ?? 0)) * 1000, label: null, length_s: null,
    version: 1, versions: 1, session: sessions[i] ?? 0, received_at: '',
    values: from.values.map((column) => column[i] ?? null), marks: NO_MARKS, conditions: NO_CONDITIONS,
  }));
  for (const { row, version } of from.versions) {
    const one = rows[row];
    if (one) [one.version, one.versions] = [version, version];
  }
  return rows;
}

function mark(rows: Row[], from: PointArchive): void {
  for (const { column, row, rows: count, quality, code, text } of from.marks) {
    for (let at = row; at < row + count; at += 1) {
      const one = rows[at];
      if (!one) break;
      if (text !== null) one.values[column] = text;
      if (quality === 'good') continue;
      if (one.marks === NO_MARKS) one.marks = new Map();
      one.marks.set(column, { quality: quality as Quality, code });
    }
  }
}

function situations(rows: Row[], from: PointArchive): void {
  const known: Condition[] = from.conditions.map((one) => ({
    code: one.code, category: one.category, effect: one.effect, column: one.column, point: 0, duration_s: null, title: one.title as Text | null,
  }));
  for (const run of from.condition_runs) {
    const all = run.conditions.flatMap((place) => known[place] ?? []);
    for (let at = run.row; at < run.row + run.rows; at += 1) {
      const one = rows[at];
      if (one) one.conditions = all;
    }
  }
}

export function decode(from: PointArchive): PointData {
  const rows = rowsOf(from);
  mark(rows, from);
  situations(rows, from);
  const columns = from.columns.map((column) => ({
    ...column, aggregate: column.aggregate, point: 0, point_id: null,
    // The newest device's series stands for the column.
    series: column.series.at(-1)?.series ?? 0,
  }));
  const joins: Join[] = [];
  const ends: number[] = [];
  let [at, last]: [number, PointDevice | null] = [0, null];
  for (const device of from.devices) {
    const first = rows[at];
    if (device.rows > 0 && first) {
      if (last && last.id !== device.id) joins.push({ at: first.start, device, before: last });
      last = device;
    }
    at += device.rows;
    ends.push(at);
  }
  const gaps = from.gaps.map((gap) => ({ ...gap, start: Date.parse(gap.start), end: Date.parse(gap.end) }));
  return {
    archive: { columns, rows, gaps: gaps.sort((a, b) => a.start - b.start), truncated: from.truncated },
    devices: from.devices, joins,
    series: from.columns.map((column) => column.series.map((one) => one.series)),
    deviceOf: (row) => from.devices[ends.findIndex((end) => row < end)] ?? null,
  };
}
