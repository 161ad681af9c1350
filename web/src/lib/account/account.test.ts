import { expect, test } from 'vitest';
import { en } from './en';
import { weakness } from './password';
import { drawn } from './qr';
import { ru } from './ru';

test('a weak password is named as the server would', () => {
  expect(['короткий', 'x'.repeat(11), 'Я и Ivanov вместе', 'Qwerty и ещё слово', 'прежний пароль', 'тёплая вода 55'].map((one) => weakness(one, 'ivanov', 'прежний пароль'))).toEqual([
    'short', 'same', 'name', 'common', 'old', null,
  ]);
  expect(weakness('ж'.repeat(256) + 'вода', '', '')).toBe('long');
});

test('every weakness has words', () => {
  for (const words of [ru, en]) expect(Object.keys(words.weak).sort()).toEqual(['common', 'long', 'name', 'old', 'same', 'short']);
  expect(Object.keys(ru)).toEqual(Object.keys(en));
});

test('a QR code is taken as a path, and nothing else of it', () => {
  const svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 312 312"><rect x="0" y="0" width="312" height="312" fill="#fff"/><path fill="#000" d="M32 32h56V40H32V32M96 32h8V40H96V32"/></svg>';
  expect(drawn(svg)).toEqual({ viewBox: '0 0 312 312', path: 'M32 32h56V40H32V32M96 32h8V40H96V32' });
  expect(drawn('<svg viewBox="0 0 9 9"><path d="M0 0" onload="x"/><script>1</script></svg>')).toEqual({ viewBox: '0 0 9 9', path: 'M0 0' });
  expect(drawn('<svg viewBox="0 0 9 9"><image href="x"/></svg>')).toBeNull();
});
