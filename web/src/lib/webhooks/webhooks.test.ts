import { expect, test } from 'vitest';
import document from '../../../openapi.json';
import type { Configuration } from '../system/api';
import type { Delivery, Webhook } from './api';
import { en } from './en';
import { KINDS, allowedBy, isName, laid, patchOf, stage, standing, urlFault } from './rules';
import { ru } from './ru';

const STRICT = { insecure: false, networks: [] };
const hook = (more: Partial<Webhook> = {}): Webhook => ({ id: 1, name: 'erp', url: 'https://erp.example/', kinds: ['node', 'record'], enabled: true, created_at: '2026-11-20T11:00:00Z', waiting: 0, dead: 0, missed: 0, ...more });
const delivery = (id: number, more: Partial<Delivery> = {}): Delivery => ({ id, kind: 'records', state: 'done', first: 1, last: 2, attempts: 1, created_at: '2026-11-20T11:00:00Z', next_at: null, ended_at: null, status: 200, fault: null, ...more });

test.each([
  ['https://erp.example/uzel?a=1', null], ['erp.example', 'form'], ['', 'form'], ['ftp://erp.example/', 'form'], [`https://erp.example/${'a'.repeat(2_000)}`, 'form'],
  ['https://user:password@erp.example/', 'password'], ['http://erp.example/', 'clear'], ['https://127.0.0.1/', 'inside'], ['https://0x7f.1/', 'inside'], ['https://10.1.2.3/', 'inside'],
  ['https://172.31.0.1/', 'inside'], ['https://172.32.0.1/', null], ['https://192.168.0.7:8443/', 'inside'], ['https://localhost/', 'inside'], ['https://[::1]/', 'inside'], ['https://[fd00::1]/', 'inside'],
  ['https://[2a00:1450:4010::1]/', null], ['https://93.184.216.34/', null],
])('%s leads %s', (url, want) => {
  expect(urlFault(url, STRICT)).toBe(want);
});

test('what the configuration allows, or is not known to forbid, goes to the server', () => {
  const told = { file: null, waiting: [], keys: [{ section: 'webhooks', key: 'insecure', value: 'true', is_default: false, is_live: false }, { section: 'webhooks', key: 'networks', value: '["10.20.0.0/16", "127.0.0.1"]', is_default: false, is_live: false }] } satisfies Configuration;
  expect(allowedBy(told)).toEqual({ insecure: true, networks: ['10.20.0.0/16', '127.0.0.1'] });
  expect(urlFault('http://10.20.0.7/', allowedBy(told))).toBeNull();
  expect(allowedBy({ file: null, waiting: [], keys: [] })).toEqual(STRICT);
  expect([urlFault('http://127.0.0.1/', null), urlFault('nowhere', null)]).toEqual([null, 'form']);
});

test('only what was changed is sent', () => {
  expect(patchOf(hook(), { name: ' erp ', url: 'https://erp.example/', kinds: ['record', 'node'] })).toEqual({});
  expect(patchOf(hook(), { name: 'crm', url: 'https://erp.example/', kinds: ['record'] })).toEqual({ name: 'crm', kinds: ['record'] });
  expect([isName('я'.repeat(100)), isName('я'.repeat(101)), isName(' ')]).toEqual([true, false, false]);
});

test('a hook stands as its newest delivery does', () => {
  expect(standing(hook(), null)).toBe('quiet');
  expect(standing(hook(), delivery(1))).toBe('works');
  expect(standing(hook({ dead: 2 }), delivery(1))).toBe('dead');
  expect(standing(hook({ dead: 2 }), delivery(1, { state: 'pending', fault: 'refused' }))).toBe('failing');
  expect(standing(hook({ enabled: false, dead: 2 }), delivery(1, { state: 'pending', fault: 'refused' }))).toBe('disabled');
  expect([delivery(1, { state: 'pending', attempts: 0 }), delivery(1, { state: 'pending' }), delivery(1, { state: 'dead' }), delivery(1, { state: 'of-tomorrow' })].map(stage)).toEqual(['waits', 'repeats', 'dead', 'waits']);
});

test('what is new waits while the list has the focus, and what is shown is kept fresh', () => {
  const [shown, read] = [[delivery(1, { state: 'pending' })], [delivery(2), delivery(1)]];
  expect(laid(shown, read, false)).toEqual({ rows: read, news: 0 });
  expect(laid(shown, read, true)).toEqual({ rows: [delivery(1)], news: 1 });
  expect(laid(shown, [delivery(1)], true)).toEqual({ rows: [delivery(1)], news: 0 });
});

const texts = (tree: object): string[] => Object.values(tree).flatMap((value) => (typeof value === 'string' ? [value] : value && typeof value === 'object' ? texts(value) : []));

test('both languages have the same words, and kinds of the document have theirs', () => {
  expect(Object.keys(en)).toEqual(Object.keys(ru));
  expect(texts(en).filter((text) => /[а-яё!]/i.test(text))).toEqual([]);
  const told = [...document.components.schemas.Webhook.properties.kinds.description.matchAll(/`([a-z]+)`/g)].map((found) => found[1]);
  expect(told).toEqual([...KINDS]);
  for (const kind of KINDS) expect([ru.kind[kind], en.kind[kind], ru.kindTell[kind], en.kindTell[kind]].every(Boolean), kind).toBe(true);
});
