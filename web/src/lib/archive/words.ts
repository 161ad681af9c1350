// Names of quantities, units and situations: the server's vocabulary, in the language in force.

import type { Column, Condition, Text, Vocabulary } from '../api/types';
import type { Lang } from '../i18n/lang';
import type { Messages } from '../i18n/messages';
import type { Row } from './model';

/** A code that the vocabulary does not have is shown as it is. */
export const unitWord = (vocabulary: Vocabulary | null, unit: string, lang: Lang): string => vocabulary?.units[unit]?.[lang] ?? (unit === '1' ? '' : unit);
export const quantityWord = (vocabulary: Vocabulary | null, quantity: string, lang: Lang): string =>
  vocabulary?.quantities[quantity]?.[lang] ?? quantity;
export const pipeWord = (vocabulary: Vocabulary | null, pipe: string, lang: Lang): string => vocabulary?.pipes[pipe]?.[lang] ?? pipe;

export const inLang = (text: Text | null, lang: Lang): string | null => text?.[lang] ?? null;

/** `02 на Qо`: what the device says, short enough for a row. */
export function conditionShort(one: Condition, columns: readonly Column[], t: Messages): string {
  const name = one.column === null ? null : columns[one.column]?.id;
  return name ? t.codeOn(one.code, name) : one.code;
}

/** What is known of the code: its title of the driver, else its category, else nothing. */
export function conditionMeaning(one: Condition, vocabulary: Vocabulary | null, lang: Lang): string | null {
  return inLang(one.title, lang) ?? (one.category ? (vocabulary?.categories[one.category]?.[lang] ?? one.category) : null);
}

/** More situations than these do not fit a row; the panel lists all. */
const SHOWN = 2;

/** All situations of a row in a few words. */
export function conditionsWord(row: Row, columns: readonly Column[], t: Messages): string {
  const words = [...new Set(row.conditions.map((one) => conditionShort(one, columns, t)))];
  const rest = words.length - SHOWN;
  return words.slice(0, SHOWN).join(', ') + (rest > 0 ? ` +${rest}` : '');
}
