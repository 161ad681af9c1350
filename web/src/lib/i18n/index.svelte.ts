// The language in force and its words. `?lang=` overrides what is kept; both override the browser's.

import { kept, keep } from '../prefs';
import { en } from './en';
import { LANGS, type Lang } from './lang';
import type { Messages } from './messages';
import { ru } from './ru';

const DICTIONARIES: Record<Lang, Messages> = { ru, en };

function initial(): Lang {
  const wanted = kept('lang') ?? (navigator.language.startsWith('ru') ? 'ru' : 'en');
  return LANGS.find((lang) => lang === wanted) ?? 'ru';
}

const state = $state({ lang: initial() });

export const i18n = {
  get lang(): Lang {
    return state.lang;
  },
  set lang(lang: Lang) {
    state.lang = lang;
    keep('lang', lang);
  },
};

/** The words of the language in force; reading it in a template follows a change. */
export const t = (): Messages => DICTIONARIES[state.lang];

/** `hourly`, `minutes-30`: an archive by name. */
export function kindWord(kind: string): string {
  const every = /^minutes-(\d+)$/.exec(kind)?.[1];
  return t().archiveKind[kind] ?? (every ? t().minutesKind(Number(every)) : kind);
}

/** A word of a list that may grow on the server's side: an unknown one is shown as it is. */
export const word = (words: Record<string, string>, key: string): string => words[key] ?? key;
