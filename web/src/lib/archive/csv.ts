// The table as a file for spreadsheets (RFC 4180): as seen, in the language of the screen.

import type { Column } from '../api/types';
import { plain } from '../format/number';
import { civilKey } from '../format/zone';
import type { Lang } from '../i18n/lang';
import type { Row } from './model';

/** Spreadsheets of Russian systems split at semicolons, because the comma is the decimal mark. */
const SEPARATOR: Record<Lang, string> = { ru: ';', en: ',' };
/** A cell that starts so would be run as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function quote(text: string, separator: string): string {
  const safe = FORMULA.test(text) && !/^-?[\d.,]+$/.test(text) ? `'${text}` : text;
  return safe.includes(separator) || /["\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export interface CsvWords {
  start: string;
  end: string;
  abnormal: string;
  quality: string;
  unit: (unit: string) => string;
  conditions: (row: Row) => string;
  marks: (row: Row) => string;
}

/** Rows oldest first, times of the site. With a byte order mark, without which Excel guesses the letters. */
export function csv(columns: readonly Column[], rows: readonly Row[], zone: string, lang: Lang, words: CsvWords): string {
  const separator = SEPARATOR[lang];
  const names = columns.map((column) => {
    const unit = words.unit(column.unit);
    return unit ? `${column.id}, ${unit}` : column.id;
  });
  const lines = [[words.start, words.end, ...names, words.abnormal, words.quality]];
  for (const row of rows) {
    const values = row.values.map((value, i) =>
      typeof value === 'string' ? value : plain(value, columns[i]?.decimals ?? null, lang),
    );
    lines.push([at(row.start, zone), at(row.end, zone), ...values, words.conditions(row), words.marks(row)]);
  }
  return '\ufeff' + lines.map((cells) => cells.map((cell) => quote(cell, separator)).join(separator)).join('\r\n') + '\r\n';
}

function at(ms: number, zone: string): string {
  const key = civilKey(ms, zone);
  return key.includes('T') ? key.replace('T', ' ') : `${key} 00:00`;
}
