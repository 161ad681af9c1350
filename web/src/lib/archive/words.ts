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

/** What the device says, and where: `02 на Qо`, `НС21`. */
export function conditionShort(one: Condition, columns: readonly Column[], t: Messages): string {
  const name = one.column === null ? null : columns[one.column]?.id;
  return name ? t.codeOn(one.code, name) : one.code;
}

/** What is known of the code: its title of the driver, else its category, else nothing. */
export function conditionMeaning(one: Condition, vocabulary: Vocabulary | null, lang: Lang): string | null {
  return inLang(one.title, lang) ?? (one.category ? (vocabulary?.categories[one.category]?.[lang] ?? one.category) : null);
}

/** A longer meaning fits neither a row nor the chart: there the code stands for it, and the panel tells it whole. */
const MEANING_CHARS = 64;
/** More codes, and more columns of one code, than these do not fit a row; the panel lists all. */
const CODES = 2;
const COLUMNS = 5;

export interface ConditionWords {
  /** `02 на V1, V2`. */
  code: string;
  /** Null when nothing short is known. */
  meaning: string | null;
}

/** Situations of a row, those of one code together. */
export function conditionWords(row: Row, columns: readonly Column[], vocabulary: Vocabulary | null, lang: Lang, t: Messages): ConditionWords[] {
  return [...new Set(row.conditions.map((one) => one.code))].map((code) => {
    const all = row.conditions.filter((one) => one.code === code);
    const names = [...new Set(all.flatMap((one) => (one.column === null ? [] : (columns[one.column]?.id ?? []))))];
    const rest = names.length - COLUMNS;
    const where = names.slice(0, COLUMNS).join(', ') + (rest > 0 ? ` +${rest}` : '');
    const meanings = all.map((one) => conditionMeaning(one, vocabulary, lang));
    const meaning = meanings.find((one) => one !== null) ?? null;
    return { code: where ? t.codeOn(code, where) : code, meaning: meaning !== null && meaning.length <= MEANING_CHARS ? meaning : null };
  });
}

/** `НС21 Часовая разность M1-M2 меньше нуля`, for rows of the table and for files. */
export function conditionsWord(all: readonly ConditionWords[]): string {
  return listed(all, (one) => (one.meaning === null ? one.code : `${one.code} ${one.meaning}`));
}

/** Meanings alone where they are known, for the chart. */
export function conditionsMeaning(all: readonly ConditionWords[], t: Messages): string {
  return listed(all, (one) => one.meaning ?? t.code(one.code));
}

/** Codes alone, where even that is too long. */
export const conditionsCode = (all: readonly ConditionWords[]): string => listed(all, (one) => one.code);

function listed(all: readonly ConditionWords[], word: (one: ConditionWords) => string): string {
  const rest = all.length - CODES;
  return all.slice(0, CODES).map(word).join(', ') + (rest > 0 ? ` +${rest}` : '');
}
