// Another period, or another point, laid under the one that is seen.

import type { Column } from '../api/types';
import type { Archive, Row } from '../archive/model';
import { type Period, step, spansOf } from '../archive/period';
import { shift } from '../format/zone';

/** `year`: the same period a year before; `before`: the period before; a number: the same period of that point. */
export type Against = { what: 'year' } | { what: 'before' } | { what: 'point'; point: number };

export function against(text: string | null): Against | null {
  if (text === 'year' || text === 'before') return { what: text };
  const point = /^p([1-9]\d{0,14})$/.exec(text ?? '')?.[1];
  return point ? { what: 'point', point: Number(point) } : null;
}

/** Which period is laid under `period`. */
export function other(of: Against, period: Period, kind: string, zone: string): Period {
  if (of.what === 'point') return period;
  if (of.what === 'before') return step(period, false, zone, spansOf(kind));
  return { from: shift(period.from, zone, { years: -1 }), to: shift(period.to, zone, { years: -1 }) };
}

/** A column that is drawn faintly, under a name of its own. */
export type Ghost = Column & { ghost: string };
export const ghostOf = (column: Column): string | null => ('ghost' in column ? String(column.ghost) : null);

const alike = (a: Column, b: Column) =>
  a.quantity === b.quantity && a.unit === b.unit && a.pipe === b.pipe && a.aggregate === b.aggregate && a.tariff === b.tariff;

/** The columns of `under` that `over` has too: place there, place here. */
export function common(over: Archive, under: Archive): [number, number][] {
  return over.columns.flatMap((column, i): [number, number][] => {
    const same = under.columns.map((one, j) => [one, j] as const).filter(([one]) => alike(one, column));
    const found = same.length > 1 ? same.find(([one]) => one.id === column.id) : same[0];
    return found ? [[i, found[1]]] : [];
  });
}

/** One archive for the chart: `under`, moved by `byMs`, as further columns. */
export function lay(over: Archive, under: Archive, byMs: number, name: string): Archive {
  const pairs = common(over, under);
  const width = over.columns.length;
  const ghosts: Ghost[] = pairs.flatMap(([place, from]) => {
    const column = over.columns[place];
    return column ? [{ ...column, series: -1 - from, id: `${column.id} ${name}`, ghost: name }] : [];
  });
  const faint = (row: Row) => pairs.map(([, from]) => row.values[from] ?? null);
  const none = pairs.map(() => null);
  const rows: Row[] = [];
  let at = 0;
  const left = (until: number) => {
    for (let row = under.rows[at]; row && row.start + byMs < until; row = under.rows[(at += 1)]) {
      rows.push({ ...row, start: row.start + byMs, end: row.end + byMs, values: [...new Array<null>(width).fill(null), ...faint(row)], conditions: [], marks: new Map() });
    }
  };
  for (const row of over.rows) {
    left(row.start);
    const same = under.rows[at];
    const met = same && same.start + byMs === row.start;
    rows.push({ ...row, values: [...row.values, ...(met ? faint(same) : none)] });
    if (met) at += 1;
  }
  left(Infinity);
  return { ...over, columns: [...over.columns, ...ghosts], rows };
}
