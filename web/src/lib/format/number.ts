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

/** More are not written out: such a number keeps its power of ten. */
const MAX_DECIMALS = 20;
/** Digits that tell any 32-bit float from its neighbours. */
const FLOAT_DIGITS = 9;

/** A number as short as it can be read back. Meters keep 32-bit floats, which stand in the answer with the digits of a
 * longer one: those that only the longer one needs go. Any other number is left as it is; nothing is rounded. */
export function shortest(value: number): number {
  if (Math.fround(value) !== value || Number.isInteger(value)) return value;
  for (let digits = 1; digits < FLOAT_DIGITS; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(FLOAT_DIGITS));
}

/** Digits after the point of the shortest form. */
export function decimalsOf(value: number): number {
  const [mantissa = '', power = '0'] = String(shortest(value)).split('e');
  return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(power));
}

/** `decimals` null: the series is a float and shows its shortest form. Null is a dash, never zero. */
export function number(value: number | null | undefined, decimals: number | null, lang: Lang): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  const shown = decimals === null ? shortest(value) : value;
  const places = decimals ?? decimalsOf(value);
  const text = places > MAX_DECIMALS ? mark(String(shown), lang) : format(lang, places).format(shown);
  const unsigned = /^-0(?:[.,]0+)?$/.test(text) ? text.slice(1) : text;
  return unsigned.replace('-', MINUS).replace(/[\u202f ]/g, NBSP);
}

const mark = (text: string, lang: Lang): string => (lang === 'ru' ? text.replace('.', ',') : text);

export const signed = (value: number, decimals: number, lang: Lang): string =>
  (value > 0 ? '+' : '') + number(value, decimals, lang);

/** For files: no grouping, a plain minus, the decimal mark of the language; empty for nothing. */
export function plain(value: number | null | undefined, decimals: number | null, lang: Lang): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '';
  return mark(decimals === null ? String(shortest(value)) : value.toFixed(decimals), lang);
}
