// What is wrong with a password, as the server judges it (docs/accounts.md), told before it is sent. Pure.

const LEAST_CHARS = 10;
const MOST_BYTES = 512;
/** Beginnings that everybody tries first. */
const COMMON = ['password', 'qwerty', '12345678', 'пароль', 'йцукен'];

export type Weakness = 'short' | 'long' | 'same' | 'name' | 'common' | 'old';

export function weakness(password: string, name: string, old: string): Weakness | null {
  const chars = [...password];
  const lower = password.toLowerCase();
  if (chars.length < LEAST_CHARS) return 'short';
  if (new TextEncoder().encode(password).length > MOST_BYTES) return 'long';
  if (chars.every((char) => char === chars[0])) return 'same';
  if (name !== '' && lower.includes(name.toLowerCase())) return 'name';
  if (COMMON.some((begin) => lower.startsWith(begin))) return 'common';
  return password === old ? 'old' : null;
}
