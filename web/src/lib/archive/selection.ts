// A rectangle of cells: what it holds, and what it adds up to.

import type { Archive } from './model';
import type { Line } from './shape';

export interface Cell {
  line: number;
  column: number;
}

export interface Rect {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** The cells between two corners, both included. */
export const rect = (a: Cell, b: Cell): Rect => ({
  top: Math.min(a.line, b.line), bottom: Math.max(a.line, b.line), left: Math.min(a.column, b.column), right: Math.max(a.column, b.column),
});

export const holds = (area: Rect | null, line: number, column: number): boolean =>
  area !== null && line >= area.top && line <= area.bottom && column >= area.left && column <= area.right;

/** The selected rows and columns as an archive of its own, oldest first. */
export function cut(archive: Archive, lines: readonly Line[], area: Rect): Archive {
  const rows = lines.slice(area.top, area.bottom + 1).flatMap((line) => (line.kind === 'row' ? [line.row] : [])).reverse();
  return {
    ...archive,
    columns: archive.columns.slice(area.left, area.right + 1),
    rows: rows.map((row) => ({
      ...row,
      values: row.values.slice(area.left, area.right + 1),
      marks: new Map([...row.marks].flatMap(([place, mark]) => (place >= area.left && place <= area.right ? [[place - area.left, mark] as const] : []))),
    })),
    gaps: [],
  };
}

export interface Summary {
  count: number;
  sum: number;
  decimals: number | null;
  unit: string;
}

/** Count and sum of the numbers; null where there are none, or of more than one unit. */
export function summary(part: Archive): Summary | null {
  const [first, ...rest] = part.columns;
  if (!first || rest.some((column) => column.unit !== first.unit)) return null;
  const numbers = part.rows.flatMap((row) => row.values.filter((value) => typeof value === 'number'));
  if (numbers.length < 2) return null;
  const decimals = part.columns.map((column) => column.decimals);
  return {
    count: numbers.length,
    sum: numbers.reduce((sum, value) => sum + value, 0),
    decimals: decimals.includes(null) ? null : Math.max(...decimals.map((one) => one ?? 0)),
    unit: first.unit,
  };
}
