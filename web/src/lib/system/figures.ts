// Figures of the host as small charts: which there are, how their numbers read, where their lines run. Pure.

import { number } from '../format/number';
import type { Lang } from '../i18n/lang';
import type { Metrics } from './api';

/** What a number of a figure is. */
export type Unit = 'count' | 'bytes' | 'share' | 'cores';

export interface Chart {
  id: string;
  unit: Unit;
  values: (number | null)[];
}

type Value = number | null | undefined;

/** Charts in the order of the page; some are of two figures. */
export function charts(metrics: Metrics): Chart[] {
  const of = (name: string): readonly Value[] => metrics.series.find((one) => one.name === name)?.values ?? [];
  const seconds = metrics.step_s;
  const plain = (name: string, unit: Unit = 'count'): Chart => ({ id: name, unit, values: of(name).map((value) => value ?? null) });
  const both = (id: string, unit: Unit, a: string, b: string, join: (a: number, b: number) => number | null): Chart => {
    const [first, second] = [of(a), of(b)];
    const value = (i: number): number | null => {
      const [x, y] = [first[i] ?? null, second[i] ?? null];
      return x === null || y === null ? null : join(x, y);
    };
    return { id, unit, values: first.map((_, i) => value(i)) };
  };
  const cores = (id: string): Chart => ({ ...plain(id), unit: 'cores', values: of(id).map((ms) => (ms === null || ms === undefined ? null : ms / (1_000 * seconds))) });
  const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);
  return [
    plain('sessions-running'), plain('sessions-waiting'), plain('sessions-ended'),
    both('success', 'share', 'sessions-complete', 'sessions-ended', ratio),
    both('retry', 'share', 'retries', 'exchanges', ratio),
    plain('records'), plain('line-bytes', 'bytes'), plain('callers-connected'),
    cores('cpu-ms'), cores('driver-cpu-ms'), plain('memory-bytes', 'bytes'),
    plain('database-bytes', 'bytes'), plain('log-bytes', 'bytes'), plain('disk-free-bytes', 'bytes'),
    plain('writes-waiting'), plain('store-paused'), plain('http-answers'), plain('http-failures'),
  ];
}

const UNITS = { ru: ['Б', 'КиБ', 'МиБ', 'ГиБ', 'ТиБ'], en: ['B', 'KiB', 'MiB', 'GiB', 'TiB'] };

/** `512 Б`, `3,4 МиБ`, `1,20 ГиБ`: three figures are enough to see that something grows. */
export function size(bytes: number | null | undefined, lang: Lang): string {
  if (bytes === null || bytes === undefined) return number(null, 0, lang);
  let [value, place] = [Math.abs(bytes), 0];
  while (value >= 1024 && place < UNITS[lang].length - 1) {
    value /= 1024;
    place += 1;
  }
  const decimals = place === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${number(Math.sign(bytes) * value, decimals, lang)}\u00a0${UNITS[lang][place]}`;
}

/** A value with its unit. */
export function shown(value: number | null | undefined, unit: Unit, lang: Lang): string {
  if (value === null || value === undefined) return number(null, 0, lang);
  if (unit === 'bytes') return size(value, lang);
  if (unit === 'share') return `${number(value * 100, 1, lang)}\u00a0%`;
  return number(value, unit === 'cores' ? 2 : 0, lang);
}

export interface Told {
  last: number | null;
  low: number | null;
  high: number | null;
}

export function told(values: readonly (number | null)[]): Told {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return { last: null, low: null, high: null };
  const [low, high] = known.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  return { last: values.at(-1) ?? null, low, high };
}

/** The top of a scale that begins at 0: 1, 2 or 5 of a power of ten at or above the highest value. */
export function top(high: number | null): number {
  if (high === null || high <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(high));
  return (([1, 2, 5, 10] as const).find((step) => step * power >= high) ?? 10) * power;
}

/** The line through the values as SVG commands. A gap is a gap; a value between gaps is a short stroke. */
export function path(values: readonly (number | null)[], high: number, width: number, height: number): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const x = (i: number): string => (i * step).toFixed(1);
  const y = (value: number): string => (height - (Math.min(value, high) / high) * height).toFixed(1);
  let text = '';
  let isOpen = false;
  values.forEach((value, i) => {
    if (value === null) {
      isOpen = false;
      return;
    }
    const isAlone = !isOpen && (values[i + 1] ?? null) === null;
    text += `${isOpen ? 'L' : 'M'}${x(i)} ${y(value)}${isAlone ? 'h1.5' : ''}`;
    isOpen = true;
  });
  return text;
}
