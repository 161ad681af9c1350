// Numbers as ui.md section 4 writes them: the series' own decimals, all of them; no-break spaces; a real minus.

import type { Lang } from '../i18n/lang';

export const NBSP = '\u00a0';
export const MINUS = '\u2212';
export const NOTHING = '\u2014';

const formats = new Map<string, Intl.NumberFormat>();

function format(lang: Lang, decimals: number): Intl.NumberFormat {
  const key = `${lang}${decimals}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.NumberFormat(lang === 'ru' ? 'ru-RU' : 'en-GB', {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    formats.set(key, found);
  }
  return found;
}

/** Digits after the point that a float of a meter really carries: a 32-bit float holds seven digits. */
function floatDecimals(value: number): number {
  const shortest = Number(value.toPrecision(7)).toString();
  if (shortest.includes('e')) return shortest.includes('e-') ? 15 : 0;
  return shortest.split('.')[1]?.length ?? 0;
}

/** `decimals` null: the series is a float and shows the digits that it has. Null is a dash, never zero. */
export function number(value: number | null | undefined, decimals: number | null, lang: Lang): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  const text = format(lang, Math.min(decimals ?? floatDecimals(value), 15)).format(value);
  const unsigned = /^-0(?:[.,]0+)?$/.test(text) ? text.slice(1) : text;
  return unsigned.replace('-', MINUS).replace(/[\u202f ]/g, NBSP);
}

export const signed = (value: number, decimals: number, lang: Lang): string =>
  (value > 0 ? '+' : '') + number(value, decimals, lang);

/** For files: no grouping, a plain minus, the decimal mark of the language; empty for nothing. */
export function plain(value: number | null | undefined, decimals: number | null, lang: Lang): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '';
  const text = decimals === null ? String(value) : value.toFixed(Math.min(decimals, 15));
  return lang === 'ru' ? text.replace('.', ',') : text;
}
