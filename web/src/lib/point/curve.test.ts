import { expect, test } from 'vitest';
import { axis, curveArguments, curvesOf, flowOf, pointFaults, wantedOf } from './curve';

const setting = (id: string, value: number) => ({ id, title: id, unit: null, value, writable: true });
const SETTINGS = [75, 60, 50, 45, 40, 28].map((value, i) => setting(String(11_400 + i), value));
const LIMITS = [setting('11177', 10), setting('11178', 90)];

test('the points of a regulator are found with the limits of their circuit, whole or not at all', () => {
  const [curve, ...more] = curvesOf({ model: 'ecl-comfort' }, [...SETTINGS, ...LIMITS]);
  expect(more).toEqual([]);
  expect(curve).toMatchObject({ circuit: 1, limits: [10, 90], isWritable: true });
  expect(curve?.points.map(({ outdoor, flow }) => [outdoor, flow])).toEqual([[-30, 75], [-15, 60], [-5, 50], [0, 45], [5, 40], [15, 28]]);
  expect(wantedOf(curve!, '11405', { arguments: { y6: '30' } })).toBe('30');
  expect(wantedOf(curve!, '11180', { arguments: { y6: '30' } })).toBeNull();
  expect(curvesOf({ model: 'ecl-comfort' }, SETTINGS.slice(1))).toEqual([]);
  expect(curvesOf({ model: 'vkt5' }, SETTINGS)).toEqual([]);
  expect(curvesOf({ model: 'ecl-comfort' }, SETTINGS)[0]?.limits).toBeNull();
});

test('a curve that rises, leaves the limits or is no number is faulted at its point', () => {
  expect(pointFaults(['80', '64', '64', '45', '40', '30'], [10, 90])).toEqual([null, null, null, null, null, null]);
  expect(pointFaults(['95', '64', '65', 'warm', '40', ''], [10, 90])).toEqual(['limits', null, 'rises', 'number', null, 'number']);
  expect(pointFaults(['95', '5'], null)).toEqual([null, null]);
});

test('numbers go with a point, whatever the hand writes', () => {
  expect(curveArguments(2, ['80,5', ' −5 '])).toEqual({ circuit: '2', y1: '80.5', y2: '-5' });
  expect([flowOf('80,5'), flowOf('1e3'), flowOf('')]).toEqual([80.5, null, null]);
});

test('an axis has round figures beyond both ends', () => {
  expect(axis(10, 90, 6)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(axis(28, 75, 6)).toEqual([20, 30, 40, 50, 60, 70, 80]);
});
