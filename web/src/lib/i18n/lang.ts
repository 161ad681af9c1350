export const LANGS = ['ru', 'en'] as const;
export type Lang = (typeof LANGS)[number];

const ru = new Intl.PluralRules('ru-RU');

/** The Russian form for a count: one (1 час), few (2 часа), many (5 часов). */
export function plural(n: number, one: string, few: string, many: string): string {
  const form = ru.select(Math.abs(n));
  return form === 'one' ? one : form === 'few' ? few : many;
}
