// Where a fault that the server names belongs on the screen, and how it reads. Pure.

import type { ApiError } from '../api/client';
import type { Lang } from '../i18n/lang';

/** Reasons of the server that people meet, in Russian; others are shown as they are. */
const READINGS: readonly [RegExp, string][] = [
  [/^is missing$/, 'Не заполнено'],
  [/^"([^"]+)" is not loaded, there are (.+)$/, 'Драйвера «$1» нет, есть $2'],
  [/^is empty$/, 'Не заполнено'],
  [/^there is no line (\d+)$/, 'Линии $1 нет'],
  [/^key "([^"]+)": is (.+), expected a whole number from (-?\d+) to (-?\d+)$/, '$1: $2, ожидается целое число от $3 до $4'],
  [/^(?:device|site|node|point|line|group|organisation) "?(.+?)"? is there already$/, 'Такое название уже есть: $1'],
  [/^(.+) is there already$/, 'Уже есть: $1'],
  [/^line "([^"]*)": expected (.+)$/, 'Линия «$1»: ожидается $2'],
  [/^schedule entry "([^"]*)": (.+)$/, 'Расписание «$1»: $2'],
  [/^(\S+) has not come yet, it is (\S+)$/, 'Время $1 ещё не наступило, сейчас $2'],
];

export const reading = (reason: string, lang: Lang): string => {
  if (lang !== 'ru') return reason;
  const found = READINGS.find(([pattern]) => pattern.test(reason));
  return found ? reason.replace(found[0], found[1]) : reason;
};

/** Whether it stayed as the server says it, in English. */
export const isForeign = (reason: string, lang: Lang): boolean => lang === 'ru' && reading(reason, lang) === reason;

/** What is said of a field or of what is inside of it. */
export function ofField(error: ApiError | null, field: string): string | null {
  const found = error?.faults.filter((fault) => fault.field === field || fault.field.startsWith(`${field}.`)) ?? [];
  return found.length > 0 ? found.map(({ reason }) => reason).join('; ') : null;
}

/** Faults that belong to none of the fields of a form. */
export const elsewhere = (error: ApiError | null, fields: readonly string[]): string[] =>
  (error?.faults ?? []).filter(({ field }) => !fields.some((one) => field === one || field.startsWith(`${one}.`))).map(({ field, reason }) => (field ? `${field}: ${reason}` : reason));
