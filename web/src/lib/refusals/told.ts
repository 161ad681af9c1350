// Refusals in words of the language in force. The words come with the first refusal, before it is told: whoever is never
// refused does not load them.

import { ApiError, OFFLINE } from '../api/client';
import { i18n, t } from '../i18n/index.svelte';
import type { Said } from './say';

let words: typeof import('./say') | null = null;

/** Resolves once the words are there, or cannot be had: then the server's own are told. */
export async function fetchWords(): Promise<void> {
  try {
    words ??= await import('./say');
  } catch {
    // The next refusal tries again.
  }
}

/** `but` names fields of a form that tell their faults themselves. */
export function said(error: ApiError, but: readonly string[] = []): Said {
  if (words) return words.said(error, i18n.lang, but);
  const text = error.code === OFFLINE ? t().offline : t().pageError(error.code, error.requestId);
  return { text, more: error.detail ? [{ text: error.detail, foreign: i18n.lang !== 'en' }] : [], serverSays: '' };
}

/** The same as one text, for where there is no markup. */
export function plainly(cause: unknown): string {
  if (!(cause instanceof ApiError)) return String(cause);
  const { text, more, serverSays } = said(cause);
  return [text, ...more.map((one) => (one.foreign ? `${serverSays} ${one.text}` : `${one.text}.`.replace(/\.\.$/, '.')))].join(' ');
}
