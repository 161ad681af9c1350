// Periods of the archive pages: how long each tab shows, how they step, how many intervals they should hold.

import { DAY_MS, HOUR_MS, shift, startOfDay, toCivil, fromCivil } from '../format/zone';

export type Span = 'day' | 'week' | 'month' | 'year' | 'fiveYears';
export interface Period {
  /** Unix milliseconds; `to` is not included. */
  from: number;
  to: number;
}

export const SPANS: Record<string, readonly Span[]> = {
  hourly: ['day', 'week', 'month', 'year'],
  daily: ['month', 'year', 'fiveYears'],
  monthly: ['year', 'fiveYears'],
  totals: ['month', 'year', 'fiveYears'],
};
const OTHER: readonly Span[] = ['week', 'month', 'year'];
const FIRST: Record<string, Span> = { hourly: 'week', daily: 'month', monthly: 'year', totals: 'year' };

export const spansOf = (kind: string): readonly Span[] => SPANS[kind] ?? OTHER;
export const firstSpan = (kind: string): Span => FIRST[kind] ?? 'week';

const BACK: Record<Span, { years?: number; months?: number; days?: number }> = {
  day: { days: -1 }, week: { days: -7 }, month: { months: -1 }, year: { years: -1 }, fiveYears: { years: -5 },
};

/** The span that ends with the day of `last` (included); for months, with its month. */
export function ending(last: number, span: Span, zone: string, kind: string): Period {
  const { year, month } = toCivil(last, zone);
  const to = kind === 'monthly' ? fromCivil({ year, month: month + 1 }, zone) : shift(startOfDay(last, zone), zone, { days: 1 });
  return { from: shift(to, zone, BACK[span]), to };
}

/** Which span a period is, if it is one. */
export function spanOf(period: Period, zone: string, spans: readonly Span[]): Span | null {
  return spans.find((span) => shift(period.to, zone, BACK[span]) === period.from) ?? null;
}

/** The period before or after: by calendar where it is a known span, else by its own length. */
export function step(period: Period, forward: boolean, zone: string, spans: readonly Span[]): Period {
  const span = spanOf(period, zone, spans);
  if (!span) {
    const by = (period.to - period.from) * (forward ? 1 : -1);
    return { from: period.from + by, to: period.to + by };
  }
  if (!forward) return { from: shift(period.from, zone, BACK[span]), to: period.from };
  const { years = 0, months = 0, days = 0 } = BACK[span];
  return { from: period.to, to: shift(period.to, zone, { years: -years, months: -months, days: -days }) };
}

/** Intervals of the kind within the period; null where the kind alone does not say. */
export function expected(period: Period, kind: string, zone: string): number | null {
  const length = period.to - period.from;
  if (kind === 'hourly') return Math.round(length / HOUR_MS);
  if (kind === 'daily') return Math.round(length / DAY_MS);
  if (kind === 'monthly') {
    const [a, b] = [toCivil(period.from, zone), toCivil(period.to - 1, zone)];
    return Math.max(1, (b.year - a.year) * 12 + b.month - a.month + 1);
  }
  const minutes = /^minutes-(\d+)$/.exec(kind)?.[1];
  return minutes ? Math.round(length / (Number(minutes) * 60_000)) : null;
}
