// What is told of a refusal: a sentence for its code, then what exactly was wrong. Pure.

import type { ApiError } from '../api/client';
import { span } from '../format/time';
import type { Lang } from '../i18n/lang';
import { en } from './en';
import { isForeign, reading } from './readings';
import { ru } from './ru';

export interface Line {
  text: string;
  /** It is the server's own English. */
  foreign: boolean;
}

export interface Said {
  text: string;
  more: readonly Line[];
  /** What stands before words of the server's own. */
  serverSays: string;
}

/** Codes whose sentence says all: the server's own says the same. */
const WHOLE: ReadonlySet<string> = new Set([
  'already-reading', 'bad-credentials', 'changed-meanwhile', 'code-needed', 'forbidden', 'internal', 'not-signed-in', 'password-change-needed', 'shutting-down',
  'slow-down', 'storage-paused', 'too-large', 'too-slow', 'method-not-allowed', 'offline',
]);

const line = (text: string, lang: Lang, field = ''): Line => ({ text: `${field && `${field}: `}${reading(text, lang)}`, foreign: isForeign(text, lang) });

/** `but` names fields of a form that tell their faults themselves. */
export function said(error: ApiError, lang: Lang, but: readonly string[] = []): Said {
  const words = lang === 'ru' ? ru : en;
  const say = words.code[error.code];
  const left = error.retryS === null ? '' : span(error.retryS * 1_000, lang);
  const isShown = (field: string): boolean => but.some((one) => field === one || field.startsWith(`${one}.`));
  const faults = error.faults.filter(({ field }) => !isShown(field)).map(({ field, reason }) => line(reason, lang, field));
  const own = error.faults.length === 0 && error.detail && !WHOLE.has(error.code) ? [line(error.detail, lang)] : [];
  const other = error.code.startsWith('http-') ? words.http(error.status) : words.other(error.code);
  return { text: say?.({ id: error.requestId ?? '', left }) ?? other, more: [...faults, ...own], serverSays: words.serverSays };
}
