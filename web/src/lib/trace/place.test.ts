import { expect, test } from 'vitest';
import { hashOf, placeOf, rowOf, stepped, within } from './place';

test.each(['#x=17', '#x=17:0', '#x=17:49-54'])('%s is a place and becomes the same address', (hash) => {
  const place = placeOf(hash);
  expect(place && hashOf(place)).toBe(hash);
});

test('a range is put the right way round, and what is no place is none', () => {
  expect(placeOf('#x=3:9-4')).toEqual({ entry: 3, bytes: [4, 9] });
  for (const bad of ['', '#phase=hourly', '#x=', '#x=-1', '#x=1:', '#x=1:2-', '#x=1;2', '#x=99999999']) expect(placeOf(bad), bad).toBeNull();
});

test('an entry without a row of its own is shown by the row before it', () => {
  const rows = [{ entry: 0 }, { entry: 2 }, { entry: 5 }];
  expect([0, 1, 2, 4, 5, 6].map((entry) => rowOf(rows, { entry, bytes: null }, 7))).toEqual([0, 0, 1, 1, 2, 2]);
  expect(rowOf(rows, { entry: 7, bytes: null }, 7)).toBe(-1);
});

test('bytes beyond the frame are left out', () => {
  expect(within({ entry: 0, bytes: [2, 90] }, 5)).toEqual([2, 4]);
  expect(within({ entry: 0, bytes: [5, 6] }, 5)).toBeNull();
  expect(within({ entry: 0, bytes: null }, 5)).toBeNull();
});

test('keys go byte by byte and stop at the ends', () => {
  const at = (bytes: [number, number] | null) => ({ entry: 1, bytes });
  expect(stepped(at(null), 4, 1, false)).toEqual(at([0, 0]));
  expect(stepped(at(null), 4, -1, false)).toEqual(at([3, 3]));
  expect(stepped(at([1, 2]), 4, 1, false)).toEqual(at([3, 3]));
  expect(stepped(at([1, 2]), 4, 1, true)).toEqual(at([1, 3]));
  expect(stepped(at([1, 1]), 4, -1, true)).toEqual(at([1, 1]));
  expect(stepped(at([3, 3]), 4, 1, false)).toEqual(at([3, 3]));
  expect(stepped(at(null), 0, 1, false)).toEqual(at(null));
});
