import { expect, test } from 'vitest';
import document from '../../../openapi.json';
import { changes, pageOf } from './audit';
import { startOf } from './days';
import { en } from './en';
import { asNew, grantOf, keyOf, kindsOf } from './grants';
import { lines, wrong } from './network';
import { ru } from './ru';

test('only what changed is told', () => {
  expect(changes({ title: 'A', enabled: true }, { title: 'B', enabled: true })).toEqual([{ path: ['title'], was: 'A', is: 'B' }]);
  expect(changes(null, { name: 'n', grants: [], address: null })).toEqual([{ path: ['name'], was: undefined, is: 'n' }]);
  expect(changes({ name: 'n' }, null)).toEqual([{ path: ['name'], was: 'n', is: undefined }]);
  expect(changes({ a: { b: 1, c: 2 } }, { a: { c: 3, b: 1 } })).toEqual([{ path: ['a', 'c'], was: 2, is: 3 }]);
  expect(changes({ a: [1, { x: 1, y: 2 }] }, { a: [1, { y: 2, x: 1 }] })).toEqual([]);
  expect(changes(null, null)).toEqual([]);
});

test('of a list what went and what came is told', () => {
  const [viewer, engineer] = [{ role: 'viewer', on: { site: 3 } }, { role: 'engineer', on: 'everything' }];
  expect(changes([viewer], [viewer, engineer])).toEqual([{ path: [], was: undefined, is: [engineer] }]);
  expect(changes([viewer], [engineer])).toEqual([{ path: [], was: [viewer], is: [engineer] }]);
  expect(changes([1, 2], [2, 1])).toEqual([{ path: [], was: [1, 2], is: [2, 1] }]);
});

test('another shape is told as a whole', () => {
  expect(changes({ on: 'everything' }, { on: { site: 3 } })).toEqual([{ path: ['on'], was: 'everything', is: { site: 3 } }]);
});

test('objects lead to their pages', () => {
  expect([pageOf('device', '7'), pageOf('driver', 'abc'), pageOf('account', '../x')]).toEqual(['/devices/7', null, null]);
});

test('a day is from its start to the start of the next', () => {
  const [from, to] = [startOf('2026-11-20'), startOf('2026-11-20', true)];
  expect(Date.parse(to ?? '') - Date.parse(from ?? '')).toBe(86_400_000);
  expect([startOf('yesterday'), startOf(null), startOf('2026-11-20T00')]).toEqual([null, null, null]);
});

test('a grant names what it is over', () => {
  expect(grantOf('viewer', 'site', null, '')).toBeNull();
  expect(grantOf('vendor', 'vendor', null, '')).toBeNull();
  const grant = grantOf('viewer', 'site', { id: 3, name: 'School' }, '');
  expect(grant && asNew(grant)).toEqual({ role: 'viewer', organisation: null, site: 3, node: null, vendor: null });
  expect(grant && keyOf(grant)).not.toBe(keyOf({ role: 'viewer', organisation: null, site: null, node: { id: 3, name: 'School' }, vendor: null }));
  expect(kindsOf('vendor')).toEqual(['vendor']);
  expect(kindsOf('viewer')).not.toContain('vendor');
});

test('what is no address is found', () => {
  expect(lines(' 10.0.0.7\n10.1.0.0/16, fd00::/8 ')).toEqual(['10.0.0.7', '10.1.0.0/16', 'fd00::/8']);
  expect(wrong(['10.0.0.7', '10.1.0.0/16', 'fd00::/8', '::1'])).toBeNull();
  expect([wrong(['10.0.0.256']), wrong(['10.0.0.0/33']), wrong(['office']), wrong(['fd00::/129'])]).toEqual(['10.0.0.256', '10.0.0.0/33', 'office', 'fd00::/129']);
});

test('both languages name the same deeds, fields and kinds', () => {
  expect(Object.keys(ru)).toEqual(Object.keys(en));
  for (const key of ['did', 'field', 'kindOf', 'right', 'roleTell', 'onKind'] as const) expect(Object.keys(en[key]).sort(), key).toEqual(Object.keys(ru[key]).sort());
  expect(JSON.stringify(en)).not.toMatch(/[а-яё]/i);
});

test('roles and rights of the document have words', () => {
  const told = document.components.schemas.NewGrant.properties.role.description;
  for (const role of Object.keys(ru.roleTell)) expect(told).toContain(`\`${role}\``);
  for (const right of Object.keys(ru.right)) expect(document.components.schemas.NewApiKey.properties.rights.description).toContain(`\`${right}\``);
});
