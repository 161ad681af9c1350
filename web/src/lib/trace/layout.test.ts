import { describe, expect, test } from 'vitest';
import type { TraceEntry } from '../api/types';
import { asText, bytesOf, failures, find, hexLines, rowsOf } from './layout';

const entry = (at_ms: number, kind: TraceEntry['kind'], hex: string | null = null, text: string | null = null): TraceEntry => ({ at_ms, kind, hex, text });

const TRACE = [
  entry(0, 'settings', null, '9600 8N1'), entry(210, 'sent', '00 10 3f ff'), entry(210, 'note', null, 'session start'), entry(394, 'received', '00103FFFFDFC'),
  entry(394, 'note', null, 'accepted'), entry(400, 'sent', '00033FFE'), entry(5_400, 'timeout', '00 03'), entry(5_800, 'sent', '00033FFE'),
  entry(6_112, 'received', 'AB34'), entry(6_112, 'note', null, 'checksum is AB 34, computed B4 54'), entry(6_200, 'log', null, 'error: gave up'), entry(6_300, 'closed'),
];

test('hex comes in both spellings and rubbish is left out', () => {
  expect([bytesOf('00 03 3f fe'), bytesOf('00033ffe'), bytesOf('10 ** 5b'), bytesOf(null), bytesOf('zz 1')]).toEqual([['00', '03', '3F', 'FE'], ['00', '03', '3F', 'FE'], ['10', '**', '5B'], [], []]);
});

describe('rows', () => {
  const rows = rowsOf(TRACE);
  test('remarks stand beside the bytes that they are about', () => {
    expect(rows.map((row) => [row.kind, row.after_ms, row.notes.length])).toEqual([
      ['settings', null, 0], ['sent', null, 1], ['received', 184, 1], ['sent', null, 0], ['silence', 5_000, 0], ['sent', null, 0], ['received', 312, 1], ['log', null, 0], ['closed', 500, 0],
    ]);
  });
  test('failures are told apart', () => {
    expect(rows.map((row) => row.failed)).toEqual([null, null, null, null, 'silence', null, 'garbled', 'silence', 'silence']);
  });
  test('a failure is shown with its question', () => {
    expect(failures(rows).map((row) => row.entry)).toEqual([5, 6, 7, 8, 10, 11]);
  });
  test('a remark before any bytes is a row of its own', () => {
    expect(rowsOf([entry(0, 'note', null, 'x')])).toMatchObject([{ kind: 'log', text: 'x', notes: [] }]);
  });
  test('text for the clipboard has both directions, times and remarks', () => {
    expect(asText(rows.slice(1, 3), ['session 1'])).toBe('# session 1\n> 00 10 3F FF  #      210 ms\n#          session start\n< 00 10 3F FF FD FC  #      394 ms\n#          accepted\n');
  });
  test('bytes are found across blanks, words in remarks', () => {
    expect(find(rows, '3f FF')).toEqual([{ row: 1, from: 2, to: 4 }, { row: 2, from: 2, to: 4 }]);
    expect(find(rows, 'computed')).toEqual([{ row: 6, from: null, to: null }]);
    expect([find(rows, ''), find(rows, '3FF')]).toEqual([[], []]);
  });
});

test('silence that ends an answer is no failure, and remarks go to the answer', () => {
  const rows = rowsOf([entry(0, 'sent', '10 7b'), entry(20, 'received', '68 fe'), entry(70, 'timeout', null, 'timeout'), entry(70, 'note', null, 'telegram 1')]);
  expect(rows.map((row) => [row.kind, row.after_ms, row.failed, row.text, row.notes.length])).toEqual([
    ['sent', null, null, null, 0], ['received', 20, null, null, 1], ['silence', 50, null, null, 0],
  ]);
});

test.each([
  ['check sum is 0x059e, computed 0xb3ab: 01 03', 'garbled'], ['frame needs 82 bytes, got 77: 01 03', 'garbled'], ['answer comes from address 16, asked 1: 10 fb', 'garbled'],
  ['frame starts with 10, expected 68', 'garbled'], ['hour 2026-11-19 15: 15 values', null], ['read list of 15 elements', null],
])('a remark %s makes an answer %s', (text, want) => {
  expect(rowsOf([entry(0, 'sent', '01'), entry(9, 'received', '01'), entry(5_000, 'timeout', null, 'timeout'), entry(5_000, 'note', null, text)])[1]?.failed).toBe(want);
});

test('a driver that waits before it asks again prolongs one silence', () => {
  const rows = rowsOf([entry(0, 'sent', '10'), entry(5_000, 'timeout'), entry(5_000, 'note', null, 'no answer'), entry(7_500, 'timeout'), entry(7_500, 'sent', '10')]);
  expect(rows.map((row) => [row.kind, row.after_ms, row.failed, row.notes.length])).toEqual([
    ['sent', null, null, 0], ['silence', 7_500, 'silence', 1], ['sent', null, null, 0],
  ]);
});

test('a warning of the driver stands out, what it says for information does not', () => {
  const rows = rowsOf([entry(0, 'log', null, 'warn: checksum is 1a2b, computed 1a2c'), entry(1, 'log', null, 'warn: the clock jumped'), entry(2, 'log', null, 'info: 3 archives')]);
  expect(rows.map((row) => row.failed)).toEqual(['garbled', 'silence', null]);
});

test('16 bytes a line in two groups; long frames fold', () => {
  const bytes = Array.from({ length: 91 }, (_, i) => i.toString(16).padStart(2, '0'));
  expect(hexLines(bytes.slice(0, 18), false).lines.map((line) => line.groups.map((group) => group.length))).toEqual([[8, 8], [2]]);
  expect([hexLines(bytes, false).hidden, hexLines(bytes, true).hidden, hexLines(bytes.slice(0, 32), false).hidden]).toEqual([67, 0, 0]);
  expect(hexLines([], false)).toEqual({ lines: [], hidden: 0 });
});
