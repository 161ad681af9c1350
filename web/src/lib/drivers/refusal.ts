// Why the server did not do it, in the language in force.

import type { ApiError } from '../api/client';
import { word } from '../i18n/index.svelte';
import { d } from './words';

/** The sentence for a reason; null for one that this client does not know. */
export function because(error: ApiError): string | null {
  const say = error.reason === null ? undefined : d().reason[error.reason];
  if (!say) return null;
  const of = (key: string): string => error.about[key] ?? '';
  const list = (key: string, words: Record<string, string>): string =>
    of(key).split(',').filter(Boolean).map((one) => word(words, one)).join(', ');
  return say({
    ...error.about,
    state: word(d().state, of('state')),
    to: word(d().state, of('to')),
    asked: list('asked', d().may),
    roles: list('roles', d().role),
    has: list('has', d().role),
  });
}
