import { expect, test } from 'vitest';
import type { Device } from '../api/types';
import type { Line, LineHealth, LineWork } from './api';
import { en } from './en';
import { choose, dbm, percent, readable } from './list';
import { ru } from './ru';
import { alike, entries, period } from './schedule';

const line = (id: number, name: string, kind = 'tcp') => ({ id, name, kind, address: `10.0.0.${id}:4001`, devices: [{ id, name: `Котёл ${id}`, position: 0 }] }) as unknown as Line;

test('lines are found by what they do, how they fare, and in either script', () => {
  const all = [line(1, 'Мира 15'), line(2, 'Школа 4', 'serial'), line(3, 'Баня')];
  const work = new Map([[2, { line: 2, session: { id: 7 }, waiting: [] } as unknown as LineWork], [3, { line: 3, session: null, waiting: [{ id: 3, name: 'x' }] } as unknown as LineWork]]);
  const health = new Map([[1, { success_share: 0.9 }], [2, { success_share: 0.5 }], [3, { success_share: null }]] as [number, LineHealth][]);
  const names = (filter: Partial<Parameters<typeof choose>[1]>) => choose(all, { query: '', kind: '', which: 'all', ...filter }, work, health).map((one) => one.name);
  expect(names({})).toEqual(['Баня', 'Мира 15', 'Школа 4']);
  expect(names({ kind: 'serial' })).toEqual(['Школа 4']);
  expect(names({ which: 'busy' })).toEqual(['Школа 4']);
  expect(names({ which: 'queue' })).toEqual(['Баня']);
  expect(names({ which: 'poor' })).toEqual(['Школа 4', 'Мира 15']);
  expect(names({ query: 'ktn' })).toEqual([]);
  expect(names({ query: 'котел 3' })).toEqual(['Баня']);
  expect(names({ query: 'ирнф' })).toEqual([]);
  expect(names({ query: '10.0.0.1' })).toEqual(['Мира 15']);
});

test('a share that is not known is a dash and never zero', () => {
  expect([percent(null, 'ru'), percent(undefined, 'ru'), percent(0, 'ru'), percent(0.9876, 'ru')]).toEqual(['—', '—', '0,0', '98,8']);
});

test('greetings and signals are shown as modems tell them', () => {
  expect([readable('41 54 2b 0d 0a ff'), readable('')]).toEqual(['AT+···', '']);
  expect([dbm(0), dbm(31)]).toEqual([-113, -51]);
});

test('a schedule is taken apart as the host reads it', () => {
  expect(entries('every 60m: clock current hourly; H 2 * * *: daily monthly within 30m')).toEqual([
    { when: '60m', isPeriod: true, tasks: ['clock', 'current', 'hourly'], within: null },
    { when: 'H 2 * * *', isPeriod: false, tasks: ['daily', 'monthly'], within: '30m' },
  ]);
  expect([period('60m', true), period('2h', false)]).toEqual(['60\u00a0мин', '2\u00a0h']);
});

test('devices stand by group, the next to be read first', () => {
  const device = (id: number, group: string | null, next: string | null) =>
    ({ id, name: `d${id}`, next_poll_at: next, poll: { group, schedule: 'every 60m: clock', clock_policy: 'off' } }) as unknown as Device;
  const found = alike([device(1, null, null), device(2, 'gsm', '2026-11-20T12:00:00Z'), device(3, 'gsm', '2026-11-20T11:00:00Z'), device(4, null, '2026-11-20T10:00:00Z')]);
  expect(found.map((one) => [one.group, one.devices.map((of) => of.id)])).toEqual([['gsm', [3, 2]], [null, [4, 1]]]);
  expect(found[0]?.next).toBe(Date.parse('2026-11-20T11:00:00Z'));
});

const texts = (tree: object): string[] => Object.values(tree).flatMap((value) => (typeof value === 'string' ? [value] : value && typeof value === 'object' ? texts(value) : []));

test('no word is empty, and none of English is Russian', () => {
  expect([...texts(en), ...texts(ru)].filter((text) => text.trim() === '')).toEqual([]);
  expect(texts(en).filter((text) => /[а-яё]/i.test(text))).toEqual([]);
});
