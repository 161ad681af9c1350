// Search that forgives: look-alike letters of two scripts and the wrong keyboard layout.

const LOOKALIKE: Record<string, string> = {
  а: 'a', в: 'b', е: 'e', ё: 'e', к: 'k', м: 'm', н: 'h', о: 'o', р: 'p', с: 'c', т: 't', у: 'y', х: 'x',
};
const LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.";
const RUSSIAN = 'йцукенгшщзхъфывапролджэячсмитьбю';

/** Lower case, one script for letters that look the same, no blanks at the ends. */
export const fold = (text: string): string =>
  text.toLowerCase().trim().replace(/[а-яё]/g, (letter) => LOOKALIKE[letter] ?? letter);

/** The same keys in the other layout; null when the text has letters of both. */
function otherLayout(text: string): string | null {
  const [from, to] = /[а-яё]/i.test(text) ? [RUSSIAN, LATIN] : [LATIN, RUSSIAN];
  let out = '';
  for (const letter of text.toLowerCase()) {
    const at = from.indexOf(letter);
    if (at >= 0) out += to[at];
    else if (to.includes(letter)) return null;
    else out += letter;
  }
  return out;
}

/** True when every word of the query stands somewhere in the folded text. */
const holds = (folded: string, query: string): boolean =>
  fold(query).split(/\s+/).every((word) => folded.includes(word));

export function matches(folded: string, query: string): boolean {
  if (holds(folded, query)) return true;
  const other = otherLayout(query);
  return other !== null && holds(folded, other);
}
