import { expect, test } from 'vitest';
import { type ConfigKey, MASK, configFaults, configOf, typedOf, withoutSecrets } from './config';
import { changed, differences } from './differ';
import { en } from './en';
import { elsewhere, ofField } from './faults';
import { bodyOf, formOf, newPlace, placeBody, placeFaults } from './form';
import { movesOf } from './move';
import { plainBody, plainForm } from './plain';
import { addressOf, newRoute, routeBody, routeFaults, settingsFault, usualSettings, wayOf } from './route';
import { ru } from './ru';
import { instantOf, localOf } from './when';
import { ApiError } from '../api/client';

const key = (name: string, more: Partial<ConfigKey> = {}): ConfigKey => ({
  key: name, type: 'string', min: null, max: null, choices: [], default: null, required: false, secret: false, title: { ru: name, en: name }, hint: null, ...more,
});
const KEYS = [key('address', { type: 'integer', min: 0, max: 240, default: 1 }), key('inputs', { type: 'integers', min: 1, max: 2 }), key('verify', { type: 'boolean' }), key('password', { secret: true, max: 4 }), key('map', { required: true })];

test('a configuration goes as its types have it, and empty fields are left to the driver', () => {
  expect(configOf(KEYS, { address: ' 7 ', inputs: '1, 2', verify: 'false', password: '', map: 'own' })).toEqual({ address: 7, inputs: [1, 2], verify: false, map: 'own' });
  expect(typedOf(KEYS, { address: 0, inputs: [1, 2], verify: true })).toEqual({ address: '0', inputs: '1, 2', verify: 'true', password: '', map: '' });
});

test('faults of a configuration name the key and its limits', () => {
  const faults = configFaults(KEYS, { address: '241', inputs: '1;3', password: 'long one', map: '' });
  expect(faults).toEqual({ address: { kind: 'number', min: 0, max: 240 }, inputs: { kind: 'number', min: 1, max: 2 }, password: { kind: 'length', min: null, max: 4 }, map: { kind: 'missing' } });
  expect(configFaults(KEYS, { address: '240', map: 'own' })).toEqual({});
  for (const bad of ['1.5', '0x10', 'one', '1e3']) expect(Object.keys(configFaults(KEYS, { address: bad, map: 'own' })), bad).toEqual(['address']);
});

test('a kept secret stays, goes when it is emptied, and is never kept in the browser', () => {
  expect(configOf(KEYS, { password: MASK, map: 'own' }, { password: MASK })).toEqual({ password: MASK, map: 'own' });
  expect(configOf(KEYS, { password: '', map: 'own' }, { password: MASK })).toEqual({ password: null, map: 'own' });
  expect(withoutSecrets(KEYS, { password: 'abcd', map: 'own' })).toEqual({ map: 'own' });
});

test.each(['tcp:10.0.0.7:4001', 'rfc2217:host.example:2000', 'udp:[::1]:5', 'serial:/dev/ttyS0', 'incoming:gprs/8684', 'modem:gsm/+7900'])('%s is taken apart and put together again', (address) => {
  expect(addressOf(wayOf(address))).toBe(address);
});

test('a way to a device says what is missing', () => {
  const route = newRoute();
  expect(routeFaults(route)).toEqual(['host', 'port']);
  expect(routeFaults({ ...route, at: { ...route.at, host: 'h', port: '65536' } })).toEqual(['port']);
  expect(routeFaults(newRoute('line'))).toEqual(['line']);
  expect(routeBody({ ...newRoute('line'), line: 3, settings: ' 9600-8N2 ' })).toEqual({ line: 3, settings: '9600-8N2' });
  expect(['', '9600-8N2', '300-7E1'].map(settingsFault)).toEqual([false, false, false]);
  expect(['9600', '9600-9N1', '8N1', '9600 8N1'].map(settingsFault)).toEqual([true, true, true, true]);
  expect(usualSettings({ baud: 2400, data_bits: 8, parity: 'even', stop_bits: 1 })).toBe('2400-8E1');
});

test('an untouched form of a device changes nothing, a touched one only what was touched', () => {
  const body = { name: 'A', driver: 'vkt7', model: 'vkt7', node: 4, serial: '1', enabled: true, routes: [{ line: 2, settings: null }], points: [{ input: 1, name: 'P', resource: 'heat', purpose: 'commercial' }], config: { address: 1, map: 'own', password: MASK }, group: 'g' };
  const was = formOf(body, KEYS, 'VKT-7');
  const before = bodyOf(was, KEYS, was.typed);
  expect(changed(before, bodyOf(structuredClone(was), KEYS, was.typed))).toEqual({});
  expect(changed(before, bodyOf({ ...was, name: 'B', group: '' }, KEYS, was.typed))).toEqual({ name: 'B', group: null });
});

test('what changed meanwhile is told field by field', () => {
  expect(differences({ name: 'A', zone: 'x', note: null }, { name: 'B', zone: 'x', note: 'n' }, { name: 'C', zone: 'x', note: null })).toEqual([
    { field: 'name', before: 'A', after: 'B', mineToo: true }, { field: 'note', before: '—', after: 'n', mineToo: false },
  ]);
});

test('faults stand at their fields, the others above', () => {
  const error = new ApiError('invalid', 422, null, null, null, null, {}, [{ field: 'routes', reason: 'is missing' }, { field: 'place.time_zone', reason: 'is Mars' }, { field: '', reason: 'all of it' }]);
  expect(ofField(error, 'routes')).toBe('is missing');
  expect(ofField(error, 'place')).toBe('is Mars');
  expect(elsewhere(error, ['routes', 'place'])).toEqual(['all of it']);
});

test('a place is a node by its key, or names', () => {
  const place = newPlace('Europe/Moscow');
  expect(placeFaults(place)).toEqual(['siteName']);
  expect(placeFaults({ ...place, way: 'there' })).toEqual(['site', 'nodeName']);
  expect(placeBody({ ...place, way: 'there', site: 1, node: 7 }, [])).toEqual({ node: 7 });
  expect(placeBody({ ...place, siteName: ' S ' }, [])).toEqual({ place: { organisation: null, site: 'S', address: null, time_zone: 'Europe/Moscow', node: null } });
});

test('a device that moves takes its inputs to points of the other node, and a point that is renamed is another one', () => {
  const now = [{ input: 1, name: 'Heating' }, { input: 2, name: 'Water' }];
  const points = [{ input: '1', name: 'Heating', resource: 'heat', purpose: 'commercial' }, { input: '3', name: ' ', resource: 'heat', purpose: 'commercial' }];
  const there = [{ name: 'Heating', device: { id: 9, name: 'Old' } }, { name: 'Boiler 7', device: { id: 5, name: 'Boiler 7' } }] as never[];
  const device = { id: 5, name: 'Boiler 7' };
  expect(movesOf(now, points, device, there, false)).toEqual([
    { input: 1, from: 'Heating', to: 'Heating', isThere: true, taken: 'Old' }, { input: 2, from: 'Water', to: null, isThere: false, taken: null },
    { input: 3, from: null, to: 'Boiler 7', isThere: true, taken: null },
  ]);
  expect(movesOf(now, points.slice(0, 1), device, [], true)).toEqual([{ input: 2, from: 'Water', to: null, isThere: false, taken: null }]);
  expect(movesOf(now.slice(0, 1), [{ ...points[0]!, name: 'Other' }], device, [], true)).toEqual([{ input: 1, from: 'Heating', to: 'Other', isThere: false, taken: null }]);
});

test('a site keeps what is no number for the server to refuse', () => {
  const form = { ...plainForm('sites', null), name: 'S', parent: 1, latitude: '55,75', longitude: 'east' };
  expect(plainBody('sites', form)).toMatchObject({ latitude: 55.75, longitude: 'east', address: null });
});

test('a moment of a site is an instant, whatever its zone', () => {
  expect(instantOf('2026-11-21T14:07', 'Europe/Moscow')).toBe('2026-11-21T11:07:00.000Z');
  expect(instantOf('2026-07-01T00:30', 'Europe/Berlin')).toBe('2026-06-30T22:30:00.000Z');
  // An hour that summer time leaves out.
  expect(instantOf('2026-03-29T02:30', 'Europe/Berlin')).toBeNull();
  expect(instantOf('', 'Europe/Moscow')).toBeNull();
  expect(localOf(Date.parse('2026-11-21T11:07:00Z'), 'Asia/Yekaterinburg')).toBe('2026-11-21T16:07');
});

test('both languages have the same words, and English has no Russian', () => {
  const paths = (tree: object, at = ''): string[] => Object.entries(tree).flatMap(([name, value]) => (typeof value === 'object' ? paths(value as object, `${at}${name}.`) : [`${at}${name}`]));
  expect(paths(en).sort()).toEqual(paths(ru).sort());
  expect(JSON.stringify(en)).not.toMatch(/[а-яё]/i);
});
