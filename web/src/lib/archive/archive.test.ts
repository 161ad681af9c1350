import { describe, expect, test } from 'vitest';
import type { ArchiveRecord, Column } from '../api/types';
import { type CsvWords, csv } from './csv';
import { Gatherer, type Row, ofPoint, slice } from './model';
import { panesOf, usualPanes } from './panes';
import { ending, expected, spanOf, spansOf, step } from './period';
import { bands, lines, lonely, shape } from './shape';
import { foot } from './totals';

const HOUR = 3_600_000;
const ZERO = Date.parse('2026-11-20T00:00:00Z');

const column = (series: number, id: string, quantity: string, aggregate: string, more: Partial<Column> = {}): Column => ({
  series, id, quantity, unit: 'x', point: 1, point_id: null, tariff: 0, pipe: null, aggregate, decimals: 2, ...more,
});

const record = (hour: number, values: ArchiveRecord['values'], more: Partial<ArchiveRecord> = {}): ArchiveRecord => ({
  record: hour, start: new Date(ZERO + hour * HOUR).toISOString(), end: new Date(ZERO + (hour + 1) * HOUR).toISOString(), label: null, length_s: null,
  version: 1, versions: 1, session: 1, received_at: new Date(ZERO).toISOString(), values, marks: [], conditions: [], ...more,
});

const rowsOf = (records: ArchiveRecord[], columns = [column(1, 't1', 'temperature', 'mean')]): Row[] => {
  const gathered = new Gatherer();
  gathered.add({ columns, items: records });
  return gathered.archive(false).rows;
};

const condition = (code: string, at: number | null = null) => ({ code, category: null, effect: null, point: 1, column: at, duration_s: null, title: null });

describe('shaping', () => {
  test('a gap becomes a null, so that no line crosses it', () => {
    const got = shape(rowsOf([record(0, [1]), record(1, [2]), record(5, [3])]), [0]);
    expect(got.ys[0]).toEqual([1, 2, null, 3]);
    expect(got.x.map((x) => (x - ZERO / 1000) / 3600)).toEqual([0.5, 1.5, 2.5, 5.5]);
  });
  test('what the meter did not measure is missing, and zero is zero', () => {
    expect(shape(rowsOf([record(0, [null]), record(1, [0]), record(2, ['0x1'])]), [0]).ys[0]).toEqual([null, 0, null]);
  });
  test('times grow even when a record comes twice', () => {
    const got = shape(rowsOf([record(0, [1]), record(0, [2]), record(1, [3])]), [0]);
    expect(got.ys[0]).toEqual([2, 3]);
  });
  test('nothing gives nothing', () => {
    expect(shape([], [0])).toEqual({ x: [], starts: [], ends: [], rows: [], ys: [[]] });
  });
  test('a point between gaps is found', () => {
    expect(lonely([1, null, 2, null, 3, 4], 0, 5)).toEqual([0, 2]);
  });
  test('neighbours with the same situations are one band', () => {
    const rows = rowsOf([
      record(0, [1], { conditions: [condition('02')] }), record(1, [1], { conditions: [condition('02')] }), record(2, [1]),
      record(3, [1], { conditions: [condition('02')] }), record(4, [1], { conditions: [condition('05')] }),
    ]);
    expect(bands(rows).map((band) => [band.row.conditions[0]?.code, band.intervals])).toEqual([['02', 2], ['02', 1], ['05', 1]]);
  });
  test('the table lists rows and gaps newest first', () => {
    const rows = rowsOf([record(1, [1]), record(5, [2])]);
    const gap = (from: number, to: number) => ({ start: ZERO + from * HOUR, end: ZERO + to * HOUR, intervals: to - from, reason: 'not-read' as const });
    const got = lines(rows, [gap(0, 1), gap(2, 5), gap(6, 8)]);
    expect(got.map((one) => (one.kind === 'row' ? `r${one.row.record}` : one.kind === 'gap' ? `g${one.gap.intervals}` : 'note'))).toEqual(['g2', 'r5', 'g3', 'r1', 'g1']);
  });
});

describe('gathering pages', () => {
  test('columns of later pages join, and values keep their place', () => {
    const gathered = new Gatherer();
    const [a, b, c] = [column(1, 'a', 'mass', 'sum'), column(2, 'b', 'mass', 'sum'), column(3, 'c', 'mass', 'sum')];
    gathered.add({ columns: [a, b], items: [record(0, [1, 2], { marks: [{ column: 1, quality: 'doubtful', code: '50' }] })] });
    gathered.add({ columns: [c, b], items: [record(1, [30, 20], { conditions: [condition('02', 0)] })] });
    const archive = gathered.archive(false);
    expect(archive.columns.map((one) => one.id)).toEqual(['a', 'b', 'c']);
    expect(archive.rows.map((row) => row.values)).toEqual([[1, 2, null], [null, 20, 30]]);
    expect(archive.rows[0]?.marks.get(1)?.code).toBe('50');
    expect(archive.rows[1]?.conditions[0]?.column).toBe(2);
  });
  test('a slice cuts gaps and takes rows that begin in it', () => {
    const gathered = new Gatherer();
    gathered.add({
      columns: [column(1, 'a', 'mass', 'sum')], items: [record(0, [1]), record(5, [2])],
      gaps: [{ start: new Date(ZERO + HOUR).toISOString(), end: new Date(ZERO + 5 * HOUR).toISOString(), intervals: 4, reason: 'not-read' }],
    });
    const got = slice(gathered.archive(false), ZERO + 3 * HOUR, ZERO + 6 * HOUR);
    expect(got.rows.map((row) => row.record)).toEqual([5]);
    expect(got.gaps).toEqual([{ start: ZERO + 3 * HOUR, end: ZERO + 5 * HOUR, intervals: 2, reason: 'not-read' }]);
  });
  test('a point takes its own columns and those of the whole device', () => {
    const gathered = new Gatherer();
    gathered.add({
      columns: [column(1, 'a', 'mass', 'sum'), column(2, 'b', 'mass', 'sum', { point: 2 }), column(3, 'c', 'time', 'sum', { point: 0 })],
      items: [record(0, [1, 2, 3], { marks: [{ column: 2, quality: 'absent', code: null }], conditions: [condition('x', 0)] })],
    });
    const got = ofPoint(gathered.archive(false), 2);
    expect([got.columns.map((one) => one.id), got.rows[0]?.values, [...(got.rows[0]?.marks.keys() ?? [])], got.rows[0]?.conditions]).toEqual([['b', 'c'], [2, 3], [1], []]);
  });
});

describe('panes', () => {
  const columns = [
    column(1, 'Q', 'heat-energy', 'sum'), column(2, 't1', 'temperature', 'mean', { pipe: 'supply' }), column(3, 't2', 'temperature', 'mean', { pipe: 'return' }),
    column(4, 'M1', 'mass', 'sum', { pipe: 'supply' }), column(5, 'Mп', 'mass', 'sum', { pipe: 'makeup' }), column(6, 'НС', 'abnormal', 'state'),
  ];
  const panes = panesOf(columns, () => true);
  test('one a quantity, make-up apart, flags not drawn', () => {
    expect(panes.map((pane) => [pane.quantity, pane.pipe, pane.drawing, pane.lines.map((line) => line.name).join()])).toEqual([
      ['temperature', null, 'line', 't1,t2'], ['mass', null, 'bars', 'M1'], ['mass', 'makeup', 'bars', 'Mп'], ['heat-energy', null, 'bars', 'Q'],
    ]);
  });
  test('what is shown first', () => {
    expect(usualPanes(panes).map((key) => key.split('.')[0])).toEqual(['temperature', 'mass', 'heat-energy']);
  });
});

describe('totals', () => {
  const columns = [
    column(1, 't1', 'temperature', 'mean', { pipe: 'supply' }), column(2, 'M1', 'mass', 'sum', { pipe: 'supply' }), column(3, 'P1', 'pressure', 'mean'), column(4, 'НС', 'abnormal', 'state'),
  ];
  test('sums are added, temperatures weighted by their water, pressures averaged', () => {
    const rows = rowsOf([record(0, [60, 1, 6, '0x1']), record(1, [80, 3, 5, '0x0'])], columns);
    expect(foot(columns, rows)).toMatchObject({ values: [75, 4, 5.5, null], weighted: true });
  });
  test('a total of floats has the digits of the finest of them', () => {
    const floats = columns.map((one) => ({ ...one, decimals: null }));
    const rows = rowsOf([record(0, [Math.fround(60.1), Math.fround(7.208984), 6, '0x1']), record(1, [80, Math.fround(0.05957031), 5, '0x0'])], floats);
    expect(foot(floats, rows).decimals).toEqual([1, 6, 0, 0]);
  });
  test('what was not measured does not count as zero', () => {
    const rows = rowsOf([record(0, [60, 2, null, null]), record(1, [null, null, 5, null])], columns);
    expect(foot(columns, rows).values).toEqual([60, 2, 5, null]);
  });
});

describe('periods', () => {
  const zone = 'Europe/Moscow';
  test('a week ends with the day asked for', () => {
    const week = ending(Date.parse('2026-11-20T11:00:00Z'), 'week', zone, 'hourly');
    expect([new Date(week.from).toISOString(), new Date(week.to).toISOString()]).toEqual(['2026-11-13T21:00:00.000Z', '2026-11-20T21:00:00.000Z']);
    expect([expected(week, 'hourly', zone), expected(week, 'daily', zone), spanOf(week, zone, spansOf('hourly'))]).toEqual([168, 7, 'week']);
    expect(step(step(week, true, zone, spansOf('hourly')), false, zone, spansOf('hourly'))).toEqual(week);
  });
  test('months are whole', () => {
    const year = ending(Date.parse('2026-11-20T11:00:00Z'), 'year', zone, 'monthly');
    expect([new Date(year.from).toISOString(), new Date(year.to).toISOString(), expected(year, 'monthly', zone)]).toEqual(['2025-11-30T21:00:00.000Z', '2026-11-30T21:00:00.000Z', 12]);
  });
});

test('the file is what is on the screen, in the language of the screen', () => {
  const columns = [column(1, 't1', 'temperature', 'mean'), column(2, 'x', 'other', 'state')];
  const words: CsvWords = { start: 'from', end: 'to', abnormal: 'abn', quality: 'q', unit: () => '°C', conditions: () => '=02', marks: () => 'a;b "c"' };
  const rows = rowsOf([record(0, [-1.5, 'text'])], columns);
  expect(csv(columns, rows, 'Europe/Moscow', 'ru', words)).toBe(
    '\ufefffrom;to;t1, °C;x, °C;abn;q\r\n2026-11-20 03:00;2026-11-20 04:00;-1,50;text;\'=02;"a;b ""c"""\r\n',
  );
  expect(csv(columns, rows, 'UTC', 'en', words).split('\r\n')[1]).toBe('2026-11-20 00:00,2026-11-20 01:00,-1.50,text,\'=02,"a;b ""c"""');
});
