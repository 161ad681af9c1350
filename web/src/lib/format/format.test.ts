import { describe, expect, test } from 'vitest';
import { decimalsOf, number, plain, shortest, signed } from './number';
import { age, bytes, date, dateTime, duration, interval, label, period, span } from './time';
import { civilKey, fromCivil, fromCivilKey, offsetMs, shift, toCivil, zoneLabel } from './zone';

const MSK = 'Europe/Moscow';
const HELSINKI = 'Europe/Helsinki';
const at = (iso: string) => Date.parse(iso);

describe('numbers', () => {
  test.each([
    [1247, 0, 'ru', '1\u00a0247'], [1247, 0, 'en', '1,247'], [64.48, 2, 'ru', '64,48'], [64.48, 2, 'en', '64.48'],
    [6, 2, 'ru', '6,00'], [0, 3, 'en', '0.000'], [-0.04, 2, 'ru', '\u22120,04'], [-0.001, 2, 'en', '0.00'],
    [null, 2, 'ru', '—'], [undefined, 2, 'ru', '—'], [Number.NaN, 2, 'en', '—'], [Infinity, 2, 'en', '—'],
    [42.16999816894531, null, 'en', '42.17'], [5, null, 'en', '5'], [102.68000030517578, null, 'ru', '102,68'], [-0.05957031, null, 'en', '\u22120.05957031'],
    [0.000005859375, null, 'en', '0.000005859375'], [Math.fround(1e-30), null, 'ru', '1e\u221230'],
  ] as const)('%s with %s decimals in %s is %s', (value, decimals, lang, want) => {
    expect(number(value, decimals, lang)).toBe(want);
  });
  test.each([
    [Math.fround(0.1), 0.1], [Math.fround(81.13), 81.13], [Math.fround(16777.217), 16777.217], [Math.fround(1.17549435e-38), 1.1754944e-38],
    // No 32-bit floats, and whole numbers: every digit stays.
    [0.1, 0.1], [102.68000030517579, 102.68000030517579], [7.208984123456789, 7.208984123456789], [123456792, 123456792],
  ])('the shortest form of %s is %s', (value, want) => {
    expect(shortest(value)).toBe(want);
  });
  test('a sign is told for a difference', () => {
    expect([signed(12, 0, 'ru'), signed(-12, 0, 'en'), signed(0, 0, 'en')]).toEqual(['+12', '\u221212', '0']);
  });
  test('files hold plain numbers and nothing for nothing', () => {
    expect([plain(-1247.5, 2, 'ru'), plain(-1247.5, 2, 'en'), plain(null, 2, 'ru')]).toEqual(['-1247,50', '-1247.50', '']);
    expect([plain(102.68000030517578, null, 'ru'), decimalsOf(102.68000030517578), decimalsOf(1e-7), decimalsOf(5)]).toEqual(['102,68', 2, 7, 0]);
  });
});

describe('dates', () => {
  test('follow the site, not the viewer', () => {
    expect(dateTime(at('2026-11-20T21:07:00Z'), MSK, 'ru')).toBe('21.11.2026\u00a000:07');
    expect(dateTime(at('2026-11-20T21:07:09Z'), MSK, 'en', true)).toBe('21\u00a0Nov\u00a02026\u00a000:07:09');
    expect(date(at('2026-11-20T11:07:00Z'), MSK, 'en', true)).toBe('20\u00a0Nov');
  });
  test.each([
    ['2026-11-13T21:00Z', '2026-11-20T21:00Z', '14–20.11.2026'], ['2026-10-31T21:00Z', '2026-12-03T21:00Z', '01.11–03.12.2026'],
    ['2025-12-31T21:00Z', '2027-01-01T21:00Z', '01.01.2026–01.01.2027'], ['2026-11-19T21:00Z', '2026-11-20T21:00Z', '20.11.2026'],
  ])('%s to %s is %s', (from, to, want) => {
    expect(period(at(from), at(to), MSK, 'ru')).toBe(want);
  });
  test('an interval is told by its kind', () => {
    expect(interval(at('2026-11-20T10:00Z'), at('2026-11-20T11:00Z'), MSK, 'ru')).toBe('20.11.2026\u00a013:00–14:00');
    expect(interval(at('2026-10-31T21:00Z'), at('2026-11-30T21:00Z'), MSK, 'ru')).toBe('11.2026');
    expect(interval(at('2026-11-19T21:00Z'), at('2026-11-20T21:00Z'), MSK, 'en')).toBe('20\u00a0Nov\u00a02026');
  });
  test('the label of the device is never moved by a zone', () => {
    expect(label('2016-12-01T00:00:00', 'ru')).toBe('01.12.2016\u00a000:00');
    expect(label('garbage', 'ru')).toBe('garbage');
  });
});

describe('ages and lengths', () => {
  const now = at('2026-11-20T12:00:00Z');
  test.each([
    [20_000, '1 мин'], [5 * 60_000, '5 мин'], [65 * 60_000, '1 ч 5 мин'], [60 * 60_000, '1 ч'], [76 * 3_600_000, '3 сут 4 ч'],
    [59 * 86_400_000, '59 сут'], [61 * 86_400_000, '20.09.2026'],
  ])('%d ms old is %s', (old, want) => {
    expect(age(now - old, now, MSK, 'ru').replaceAll('\u00a0', ' ')).toBe(want);
  });
  test.each([
    [0.9, '0.9 ms'], [184, '184 ms'], [20_400, '20.4 s'], [119_600, '2 min'], [724_000, '12 min 4 s'],
  ])('%d ms takes %s', (ms, want) => {
    expect(duration(ms, 'en').replaceAll('\u00a0', ' ')).toBe(want);
  });
  test('seconds count below a minute only', () => {
    expect(span(40_999, 'ru')).toBe('40\u00a0с');
  });
  test('small amounts of bytes are exact', () => {
    expect([bytes(3412, 'ru'), bytes(1_363_148, 'en')]).toEqual(['3\u00a0412\u00a0Б', '1.3\u00a0MiB']);
  });
});

describe('zones', () => {
  test('civil time and back, also where an hour comes twice or never', () => {
    expect(offsetMs(at('2026-03-29T00:59:00Z'), HELSINKI)).toBe(7_200_000);
    expect(offsetMs(at('2026-03-29T01:00:00Z'), HELSINKI)).toBe(10_800_000);
    expect(new Date(fromCivil({ year: 2026, month: 10, day: 25, hour: 3, minute: 30 }, HELSINKI)).toISOString()).toBe('2026-10-25T00:30:00.000Z');
    expect(toCivil(fromCivil({ year: 2026, month: 3, day: 29, hour: 3, minute: 30 }, HELSINKI), HELSINKI).hour).not.toBe(3);
  });
  test('a day of the spring change has 23 hours', () => {
    const start = fromCivil({ year: 2026, month: 3, day: 29 }, HELSINKI);
    expect((shift(start, HELSINKI, { days: 1 }) - start) / 3_600_000).toBe(23);
  });
  test('periods stand in the address as civil time', () => {
    const ms = at('2026-11-13T21:00:00Z');
    expect(civilKey(ms, MSK)).toBe('2026-11-14');
    expect(fromCivilKey('2026-11-14', MSK)).toBe(ms);
    expect(fromCivilKey('2026-11-14T13:30', MSK)).toBe(at('2026-11-14T10:30:00Z'));
    for (const bad of [null, '', '2026-13-01', '2026-11-14T25:00', 'x', '2026-11-14T1:1']) expect(fromCivilKey(bad, MSK)).toBeNull();
  });
  test('an unknown zone falls back to UTC', () => {
    expect(zoneLabel(at('2026-11-20T00:00:00Z'), 'Mars/Olympus')).toBe('UTC+0');
    expect(zoneLabel(at('2026-11-20T00:00:00Z'), 'Asia/Kolkata')).toBe('UTC+5:30');
  });
});
