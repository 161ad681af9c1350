// The foot of the table: sums of what was summed, means of what was averaged, over the rows that are there.

import type { Column } from '../api/types';
import { decimalsOf } from '../format/number';
import type { Row } from './model';

/** A total of floats is ours, not the meter's: it has the digits of the finest value, but not more than these. */
const MAX_FLOAT_DECIMALS = 6;

export interface Foot {
  /** One per column; null where a total would say nothing. */
  values: (number | null)[];
  /** Decimals to show of each. */
  decimals: number[];
  /** True when a temperature was weighted by its pipe's mass or volume. */
  weighted: boolean;
}

const WEIGHED = new Set(['temperature', 'temperature-difference']);
const MEANS = new Set(['mean']);
const SUMS = new Set(['sum', 'duration']);

/** The column that weighs a temperature: mass, else volume, of its own pipe and point. */
function weightOf(columns: readonly Column[], column: Column): number {
  const pipe = column.quantity === 'temperature-difference' ? 'supply' : column.pipe;
  for (const quantity of ['mass', 'volume']) {
    const place = columns.findIndex(
      (one) => one.quantity === quantity && SUMS.has(one.aggregate) && one.point === column.point && one.pipe === pipe,
    );
    if (place >= 0 && pipe !== null) return place;
  }
  return -1;
}

export function foot(columns: readonly Column[], rows: readonly Row[]): Foot {
  let weighted = false;
  const values = columns.map((column, place) => {
    if (SUMS.has(column.aggregate)) return total(rows, place);
    if (!MEANS.has(column.aggregate)) return null;
    const weight = WEIGHED.has(column.quantity) ? weightOf(columns, column) : -1;
    const mean = weight >= 0 ? weightedMean(rows, place, weight) : null;
    if (mean === null) return plainMean(rows, place);
    weighted = true;
    return mean;
  });
  const decimals = columns.map((column, place) => column.decimals ?? finest(rows, place));
  return { values, decimals, weighted };
}

function finest(rows: readonly Row[], place: number): number {
  let most = 0;
  for (const row of rows) {
    if (most >= MAX_FLOAT_DECIMALS) break;
    const value = num(row, place);
    if (value !== null) most = Math.max(most, decimalsOf(value));
  }
  return Math.min(most, MAX_FLOAT_DECIMALS);
}

const num = (row: Row, place: number): number | null => {
  const value = row.values[place];
  return typeof value === 'number' ? value : null;
};

function total(rows: readonly Row[], place: number): number | null {
  let [sum, count] = [0, 0];
  for (const row of rows) {
    const value = num(row, place);
    if (value === null) continue;
    sum += value;
    count += 1;
  }
  return count ? sum : null;
}

function plainMean(rows: readonly Row[], place: number): number | null {
  const sum = total(rows, place);
  const count = rows.reduce((n, row) => n + (num(row, place) === null ? 0 : 1), 0);
  return sum === null ? null : sum / count;
}

/** Null when nothing flowed: a mean over no water does not exist. */
function weightedMean(rows: readonly Row[], place: number, weight: number): number | null {
  let [sum, all] = [0, 0];
  for (const row of rows) {
    const [value, mass] = [num(row, place), num(row, weight)];
    if (value === null || mass === null || mass <= 0) continue;
    sum += value * mass;
    all += mass;
  }
  return all > 0 ? sum / all : null;
}
