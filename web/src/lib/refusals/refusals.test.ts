import { expect, test } from 'vitest';
import document from '../../../openapi.json';
import { ApiError } from '../api/client';
import ofDeeds from '../../../../host/src/api/tests/access/snapshots/uzel__api__tests__access__refusals__what_deeds_are_refused_with_is_known_to_the_client.snap?raw';
import ofForms from '../../../../host/src/api/tests/snapshots/uzel__api__tests__refusals__what_forms_are_refused_with_is_known_to_the_client.snap?raw';
import { en } from './en';
import { isForeign, reading } from './readings';
import { ru } from './ru';
import { said } from './say';

const quoted = (text: string): string[] => [...text.matchAll(/`([a-z][a-z-]*)`/g)].map((found) => found[1] ?? '');

/** Codes of problems: those that the schema lists, and those that an answer of the document names. */
function codes(): string[] {
  const listed = quoted(document.components.schemas.Problem.properties.code.description);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path) as { responses?: Record<string, { description?: string }> }[]);
  const answers = operations.flatMap((one) => Object.entries(one.responses ?? {})).filter(([status]) => status >= '400');
  return [...new Set([...listed, ...answers.flatMap(([, answer]) => quoted(answer.description ?? ''))])].sort();
}

const error = (code: string, more: { detail?: string; faults?: { field: string; reason: string }[]; retryS?: number; status?: number } = {}): ApiError => {
  const told = new ApiError(code, more.status ?? 400, more.detail ?? null, '7f3c', null, null, {}, more.faults ?? []);
  told.retryS = more.retryS ?? null;
  return told;
};

test('every code of the document has words in both languages', () => {
  expect(codes().length).toBeGreaterThan(20);
  const without = codes().flatMap((code) => [...(code in ru.code ? [] : [`ru ${code}`]), ...(code in en.code ? [] : [`en ${code}`])]);
  expect(without).toEqual([]);
  expect(Object.keys(en.code)).toEqual(Object.keys(ru.code));
});

test('each is a sentence of its language', () => {
  for (const code of codes()) {
    const [russian, english] = [said(error(code, { retryS: 90 }), 'ru').text, said(error(code, { retryS: 90 }), 'en').text];
    expect(russian, code).toMatch(/^[А-ЯЁ][^!]*\.$/);
    expect(english, code).toMatch(/^[A-Z][^!]*\.$/);
    expect(english, code).not.toMatch(/[а-яё]/i);
  }
});

test('what exactly was wrong stands behind the sentence, in Russian where it is known', () => {
  const clash = error('conflict', { detail: 'site "School 4" has nodes in use: "North", "South" and 3 more' });
  expect(said(clash, 'ru')).toEqual({
    text: 'Сейчас это невозможно.', more: [{ text: 'Объект «School 4», мешает: узлы в работе: «North», «South» и ещё 3', foreign: false }], serverSays: 'Сервер пишет:',
  });
  expect(said(clash, 'en').more).toEqual([{ text: clash.detail, foreign: false }]);
  expect(said(error('refused', { detail: 'of a new kind' }), 'ru').more).toEqual([{ text: 'of a new kind', foreign: true }]);
  expect(said(error('forbidden', { detail: 'the account has not the right to do this' }), 'ru').more).toEqual([]);
});

test('faults take the place of the detail, but for those that stand at their fields', () => {
  const faults = [{ field: 'url', reason: 'it is not https, and webhooks.insecure does not allow others' }, { field: 'kinds', reason: 'odd' }];
  const told = error('invalid', { detail: 'url: …; kinds: odd', faults });
  expect(said(told, 'ru').more.map((one) => one.foreign)).toEqual([false, true]);
  expect(said(told, 'ru', ['url']).more).toEqual([{ text: 'kinds: odd', foreign: true }]);
});

test('a code that this client does not know is named, and an answer of somebody else is told as such', () => {
  expect(said(error('of-tomorrow', { detail: 'why' }), 'ru')).toMatchObject({ text: 'Сервер отказал по причине, которой эта страница не знает: of-tomorrow.', more: [{ text: 'why', foreign: true }] });
  expect(said(error('http-502', { status: 502 }), 'en').text).toBe('Somebody on the way has answered in place of the server: HTTP 502.');
});

test.each([
  ['is missing', 'Не заполнено'],
  ['group "night" is there and is archived: restore it or choose another name', 'Группа «night» уже есть, в архиве: верните из архива или возьмите другое название'],
  ['line tcp:10.0.0.7:4001 belongs to "Mira 15a"', 'Адрес tcp:10.0.0.7:4001 занят линией «Mira 15a»'],
  ['it leads to 10.0.0.1, which is not public, and webhooks.networks does not name it', 'Адрес ведёт во внутреннюю сеть, на 10.0.0.1. Такие сети разрешает только настройка сервера, ключ webhooks.networks'],
  ['it answers 500 Internal Server Error, expected 2xx', 'Получатель ответил 500, ждём 2xx'],
  ['error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)', 'Получатель не принимает соединений'],
  ['error sending request: operation timed out', 'Получатель не ответил вовремя'],
])('%s', (sentence, want) => {
  expect([reading(sentence, 'ru'), reading(sentence, 'en'), isForeign(sentence, 'ru')]).toEqual([want, sentence, false]);
});

test('a sentence that nobody has put into Russian stays as it is', () => {
  expect([reading('something else', 'ru'), isForeign('something else', 'ru'), isForeign('something else', 'en')]).toEqual(['something else', true, false]);
});

test('what forms and deeds are refused with has words in Russian', () => {
  const sentences = [ofForms, ofDeeds].flatMap((snapshot) => snapshot.split('---\n').slice(2).join('').trim().split('\n'));
  expect(sentences.length).toBeGreaterThan(80);
  expect(sentences.filter((sentence) => isForeign(sentence, 'ru'))).toEqual([]);
  for (const sentence of sentences) {
    const russian = reading(sentence, 'ru');
    expect(russian, sentence).toMatch(/[а-яё]{2}/i);
    expect(russian.replace(/«[^»]*»/g, ''), sentence).not.toMatch(/expected|undefined|there is|such as| or | and /);
  }
});
