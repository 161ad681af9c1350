// Ticks of a time axis at civil boundaries of the site, and of a value axis at 1, 2, 5.

import { DAY_MS, HOUR_MS, fromCivil, shift, startOfDay, toCivil } from '../format/zone';

export type TickUnit = 'hour' | 'day' | 'month' | 'year';
export interface TimeTicks {
  unit: TickUnit;
  /** Unix milliseconds. */
  at: number[];
  /** Labels stand in the middle of the stretch that begins at the tick: days, months, years one by one. */
  centred: boolean;
}

const STEPS: readonly [TickUnit, number, number][] = [
  ['hour', 1, HOUR_MS], ['hour', 2, 2 * HOUR_MS], ['hour', 3, 3 * HOUR_MS], ['hour', 6, 6 * HOUR_MS], ['hour', 12, 12 * HOUR_MS],
  ['day', 1, DAY_MS], ['day', 2, 2 * DAY_MS], ['day', 7, 7 * DAY_MS],
  ['month', 1, 30 * DAY_MS], ['month', 3, 91 * DAY_MS], ['month', 6, 182 * DAY_MS], ['year', 1, 365 * DAY_MS], ['year', 5, 5 * 365 * DAY_MS],
];
/** Never more, whatever range is asked for. */
const MAX_TICKS = 200;

/** `labelPx` is the room that one label needs. */
export function timeTicks(from: number, to: number, zone: string, widthPx: number, labelPx: number): TimeTicks {
  const room = Math.max(1, (to - from) / Math.max(1, widthPx / labelPx));
  const [unit, by] = STEPS.find(([, , length]) => length >= room) ?? STEPS[STEPS.length - 1] ?? ['year', 5];
  const at: number[] = [];
  for (let tick = first(from, unit, by, zone); tick <= to && at.length < MAX_TICKS; tick = next(tick, unit, by, zone)) {
    if (tick >= from) at.push(tick);
  }
  return { unit, at, centred: by === 1 && unit !== 'hour' };
}

function first(from: number, unit: TickUnit, by: number, zone: string): number {
  const civil = toCivil(from, zone);
  if (unit === 'year') return fromCivil({ year: civil.year - (civil.year % by) }, zone);
  if (unit === 'month') return fromCivil({ year: civil.year, month: civil.month - ((civil.month - 1) % by) }, zone);
  const day = startOfDay(from, zone);
  if (unit === 'day') return day;
  return fromCivil({ ...civil, hour: civil.hour - (civil.hour % by), minute: 0, second: 0 }, zone);
}

function next(tick: number, unit: TickUnit, by: number, zone: string): number {
  if (unit === 'hour') {
    // Steps stay on the day's own hours, also across a change of the clocks.
    const moved = tick + by * HOUR_MS;
    const hour = toCivil(moved, zone).hour;
    return moved - (hour % by) * HOUR_MS;
  }
  if (unit === 'day') return shift(tick, zone, { days: by });
  return shift(tick, zone, unit === 'month' ? { months: by } : { years: by });
}

/** A step of 1, 2 or 5 times a power of ten, so that about `count` steps fit. */
export function niceStep(span: number, count: number): number {
  if (!(span > 0)) return 1;
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const part = raw / power;
  return (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10) * power;
}

export interface Scale {
  min: number;
  max: number;
  step: number;
}

/** Share of the points at each end that may be spikes; at least one where there are enough to tell. */
const SPIKE_SHARE = 0.01;
const SPIKE_FROM_POINTS = 24;
/** A point more than this part of the plausible span beyond it is a spike. */
const SPIKE_SPANS = 0.5;

/**
 * The scale of a pane: from 0 or padded by 5 %, not squashed by a spike. `values` holds numbers only;
 * ticks are the multiples of `step` within.
 */
export function scaleOf(values: readonly number[], fromZero: boolean, ticks: number): Scale {
  if (values.length === 0) return { min: 0, max: 1, step: 0.5 };
  // Numbers alone sort several times faster than a list that may hold anything: a year of hours is sorted a frame.
  const sorted = Float64Array.from(values).sort();
  const edge = sorted.length < SPIKE_FROM_POINTS ? 0 : Math.max(1, Math.floor(sorted.length * SPIKE_SHARE));
  const [low, high] = [sorted[edge] ?? 0, sorted[sorted.length - 1 - edge] ?? 0];
  // A plain zero with one reading beside it is no spike: without a span nothing can be told apart.
  const reach = high > low ? (high - low) * SPIKE_SPANS : Infinity;
  let min = Math.max(sorted[0] ?? 0, low - reach);
  let max = Math.min(sorted[sorted.length - 1] ?? 0, high + reach);
  if (fromZero) {
    [min, max] = [Math.min(0, min) * 1.05, Math.max(0, max) * 1.05];
  } else {
    const pad = (max - min) * 0.05 || Math.abs(max) * 0.05 || 1;
    [min, max] = [min - pad, max + pad];
  }
  if (max === min) max = min + 1;
  return { min, max, step: niceStep(max - min, ticks) };
}

/** Multiples of the step within the scale. */
export function valueTicks({ min, max, step }: Scale): number[] {
  const first = Math.ceil(min / step - 1e-9);
  const count = Math.min(20, Math.floor(max / step + 1e-9) - first + 1);
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step);
}

/** Decimals that a tick of this step needs. */
export const stepDecimals = (step: number): number => Math.max(0, Math.min(9, -Math.floor(Math.log10(step) + 1e-9)));
