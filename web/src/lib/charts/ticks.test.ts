import { expect, test } from 'vitest';
import { niceStep, scaleOf, stepDecimals, timeTicks, valueTicks } from './ticks';

const MSK = 'Europe/Moscow';
const at = (iso: string) => Date.parse(iso);

test.each([
  ['2026-11-13T21:00Z', '2026-11-20T21:00Z', 1000, 80, 'day', 8, true],
  ['2026-11-19T21:00Z', '2026-11-20T21:00Z', 1000, 80, 'hour', 13, false],
  ['2025-11-20T21:00Z', '2026-11-20T21:00Z', 1000, 80, 'month', 12, true],
  ['2025-11-20T21:00Z', '2026-11-20T21:00Z', 300, 80, 'month', 2, false],
])('%s to %s over %d px', (from, to, width, label, unit, count, centred) => {
  const ticks = timeTicks(at(from), at(to), MSK, width, label);
  expect([ticks.unit, ticks.at.length, ticks.centred]).toEqual([unit, count, centred]);
});

test('hours stay on the day across a change of the clocks', () => {
  const { at: ticks } = timeTicks(at('2026-03-28T22:00Z'), at('2026-03-29T21:00Z'), 'Europe/Helsinki', 400, 80);
  expect(ticks.map((ms) => new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Helsinki', hour: '2-digit', minute: '2-digit' }).format(ms))).toEqual(['00:00', '06:00', '12:00', '18:00', '00:00']);
});

test('a wrong range gives no endless ticks', () => {
  expect(timeTicks(0, 1e15, 'UTC', 1e9, 1).at.length).toBeLessThanOrEqual(200);
  expect(timeTicks(5, 0, 'UTC', 100, 10).at).toEqual([]);
});

test('steps are 1, 2, 5', () => {
  expect([0.07, 1, 3, 42, 730].map((span) => niceStep(span, 4))).toEqual([0.02, 0.5, 1, 20, 200]);
  expect([0.02, 0.5, 1, 20].map(stepDecimals)).toEqual([2, 1, 0, 0]);
});

test('amounts start at zero, temperatures at their data', () => {
  expect(scaleOf([3.9, 4], true, 3).min).toBe(0);
  expect(scaleOf([60, 70], false, 5)).toMatchObject({ min: 59.5, max: 70.5, step: 5 });
  expect(valueTicks(scaleOf([60, 70], false, 5))).toEqual([60, 65, 70]);
});

test('a spike does not squash the rest', () => {
  const day = Array.from({ length: 168 }, (_, i) => 60 + (i % 10));
  expect(scaleOf([...day, 312.5], false, 5).max).toBeLessThan(80);
  expect(scaleOf([...Array<number>(100).fill(0), 5], true, 3).max).toBeGreaterThanOrEqual(5);
});

test('nothing and one number have a scale', () => {
  expect(scaleOf([], true, 3)).toEqual({ min: 0, max: 1, step: 0.5 });
  const one = scaleOf([0], true, 3);
  expect(one.max).toBeGreaterThan(one.min);
});
