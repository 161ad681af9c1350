import { describe, expect, it } from 'vitest';
import type { PointArchive } from './api';
import { against, lay, other } from './compare';
import { asSeen, forMachines } from './copy';
import { decode } from './decode';

const HOUR = 3_600;
const START = 1_700_000_000 - (1_700_000_000 % HOUR);

const device = (id: number, rows: number) => ({
  id, name: `meter ${id}`, serial: null, model: null, driver: 'hm1', input: 1, from: '1970-01-01T00:00:00Z', to: null, rows,
});

const answer = (): PointArchive => ({
  kind: 'hourly',
  columns: [
    { id: 't1', quantity: 'temperature', unit: 'Cel', pipe: 'supply', tariff: 0, aggregate: 'mean', decimals: 2, series: [{ device: 0, series: 7 }, { device: 1, series: 9 }] },
    { id: 's', quantity: 'abnormal', unit: '', pipe: null, tariff: 0, aggregate: 'state', decimals: null, series: [{ device: 1, series: 10 }] },
  ],
  devices: [device(1, 2), device(2, 1)],
  starts: [START, HOUR, 2 * HOUR],
  lengths: [{ rows: 3, value: HOUR }],
  records: [50, 1, -20],
  sessions: [{ rows: 2, value: 4 }, { rows: 1, value: 5 }],
  versions: [{ row: 2, version: 3 }],
  values: [[64.48, null, 60.1], [null, null, null]],
  marks: [
    { column: 1, row: 2, rows: 1, quality: 'good', code: null, text: '0x1f' },
    { column: 0, row: 1, rows: 1, quality: 'absent', code: '50', text: null },
  ],
  conditions: [{ code: '02', category: null, effect: null, column: 0, title: null }],
  condition_runs: [{ row: 1, rows: 2, conditions: [0] }],
  gaps: [], truncated: false,
});

describe('the archive of a point', () => {
  it('comes out of columns and runs as rows', () => {
    const { archive, joins, series, deviceOf } = decode(answer());
    expect(archive.rows.map((row) => [row.start / 1000 - START, row.record, row.session, row.version])).toEqual([
      [0, 50, 4, 1], [HOUR, 51, 4, 1], [3 * HOUR, 31, 5, 3],
    ]);
    expect(archive.rows.map((row) => row.values)).toEqual([[64.48, null], [null, null], [60.1, '0x1f']]);
    expect(archive.rows[1]?.marks.get(0)).toEqual({ quality: 'absent', code: '50' });
    expect(archive.rows.map((row) => row.conditions.length)).toEqual([0, 1, 1]);
    expect(joins.map((join) => [join.at / 1000 - START, join.before.id, join.device.id])).toEqual([[3 * HOUR, 1, 2]]);
    expect(series).toEqual([[7, 9], [10]]);
    expect([0, 1, 2, 3].map((row) => deviceOf(row)?.id)).toEqual([1, 1, 2, undefined]);
  });

  it('has another period laid under it hour by hour', () => {
    const { archive } = decode(answer());
    const moved = { ...archive, rows: archive.rows.map((row) => ({ ...row, start: row.start - HOUR * 1000, end: row.end - HOUR * 1000 })) };
    const laid = lay(archive, moved, 2 * HOUR * 1000, '2025');
    expect(laid.columns.map((column) => column.id)).toEqual(['t1', 's', 't1 2025', 's 2025']);
    expect(laid.rows.map((row) => [row.start / 1000 - START, row.values[0], row.values[2]])).toEqual([
      [0, 64.48, null], [HOUR, null, 64.48], [2 * HOUR, null, null], [3 * HOUR, 60.1, null], [4 * HOUR, null, 60.1],
    ]);
  });

  it('knows what it is compared with', () => {
    expect(against('year')).toEqual({ what: 'year' });
    expect(against('p17')).toEqual({ what: 'point', point: 17 });
    expect([against('p0'), against(null), against('x')]).toEqual([null, null, null]);
    const leap = { from: Date.parse('2024-02-29T00:00:00Z'), to: Date.parse('2024-03-01T00:00:00Z') };
    const before = other({ what: 'year' }, leap, 'hourly', 'UTC');
    expect(new Date(before.to).toISOString()).toBe('2023-03-01T00:00:00.000Z');
  });

  it('is copied as it is seen and for programs', () => {
    const { archive } = decode(answer());
    const seen = asSeen(archive, 'UTC', 'ru', 'начало', () => '°C').split('\n');
    expect(seen[0]).toBe('начало\tt1, °C\ts, °C');
    expect(seen[1]?.split('\t').slice(1)).toEqual(['60,10', '0x1f']);
    expect(seen[2]?.split('\t')[1]).toBe('—');
    const plain = forMachines(archive, 3).split('\n');
    expect(plain[1]).toBe(`3\t${new Date(START * 1000).toISOString()}\t${new Date((START + HOUR) * 1000).toISOString()}\t64.48\t`);
  });
});
