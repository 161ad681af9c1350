import { expect, test } from 'vitest';
import type { Metrics } from './api';
import { en } from './en';
import { charts, path, shown, size, told, top } from './figures';
import { ru } from './ru';

const metrics = (series: Record<string, (number | null)[]>): Metrics =>
  ({ from: '2026-11-20T10:00:00Z', step_s: 60, series: Object.entries(series).map(([name, values]) => ({ name, is_sum: false, values })) });

test('a share without anything to share is a gap', () => {
  const all = charts(metrics({ 'sessions-ended': [0, 4, null], 'sessions-complete': [0, 3, null], 'cpu-ms': [null, 30_000, 6_000] }));
  expect(all.find((one) => one.id === 'success')?.values).toEqual([null, 0.75, null]);
  expect(all.find((one) => one.id === 'cpu-ms')?.values).toEqual([null, 0.5, 0.1]);
});

test('every chart has words in both languages', () => {
  for (const { id } of charts(metrics({}))) expect([ru.figure[id], en.figure[id]].every(Boolean), id).toBe(true);
});

test('a gap is never joined and never zero', () => {
  expect(path([0, 10, null, 5, null, 0, 0], 10, 60, 10)).toBe('M0.0 10.0L10.0 0.0M30.0 5.0h1.5M50.0 10.0L60.0 10.0');
  expect(path([], 1, 60, 10)).toBe('');
  expect(path([3], 5, 60, 10)).toBe('M0.0 4.0h1.5');
});

test('scales begin at zero and end at a round number', () => {
  expect([0, 0.3, 1, 3, 7, 11, 480].map(top)).toEqual([1, 0.5, 1, 5, 10, 20, 500]);
  expect(told([null, 2, 5, null])).toEqual({ last: null, low: 2, high: 5 });
  expect(told([null])).toEqual({ last: null, low: null, high: null });
});

test('sizes have three figures and a unit', () => {
  expect([0, 512, 3_500_000, 1_288_490_189, null].map((bytes) => size(bytes, 'ru').replace('\u00a0', ' '))).toEqual(['0 Б', '512 Б', '3,34 МиБ', '1,20 ГиБ', '—']);
  expect(size(-20_480, 'en').replace('\u00a0', ' ')).toBe('\u221220.0 KiB');
  expect(shown(0.5, 'share', 'en').replace('\u00a0', ' ')).toBe('50.0 %');
});

const texts = (tree: object): string[] => Object.values(tree).flatMap((value) => (typeof value === 'string' ? [value] : value && typeof value === 'object' ? texts(value) : []));

test('no word is empty, and none of English is Russian', () => {
  expect([...texts(en), ...texts(ru)].filter((text) => text.trim() === '')).toEqual([]);
  expect(texts(en).filter((text) => /[а-яё]/i.test(text))).toEqual([]);
});
