import { expect, test } from 'vitest';
import { fold, matches } from './fold';
import { match } from './router';
import { drawn, offsets } from './virtual';

test('search forgives letters that look alike and the wrong layout', () => {
  const text = fold('Лесная, 1 · ВКТ-7 № 0068431');
  for (const query of ['лесная', 'ЛЕСНАЯ 1', 'ktcyfz', 'BKT-7', 'ВКТ-7', '0068431']) expect(matches(text, query), query).toBe(true);
  for (const query of ['садовая', '0068432']) expect(matches(text, query), query).toBe(false);
});

test.each([
  ['/', { page: 'attention' }], ['/devices', { page: 'devices' }], ['/drivers/vkt7', { page: 'driver', name: 'vkt7' }], ['/devices/17', { page: 'device', id: 17 }], ['/sessions', { page: 'sessions' }], ['/sessions/5', { page: 'session', id: 5 }],
  ['/drivers', { page: 'drivers' }], ['/devices/0', { page: 'none' }], ['/devices/x', { page: 'none' }], ['/devices/1/2', { page: 'none' }], ['/nowhere', { page: 'none' }],
])('%s', (path, want) => {
  expect(match(path)).toEqual(want);
});

test('long lists draw what is seen, short ones all', () => {
  expect(drawn(offsets(200, () => 28), 0, 400)).toEqual({ first: 0, end: 200, above: 0, below: 0 });
  const long = offsets(10_000, (i) => (i === 3 ? 64 : 28));
  const seen = drawn(long, 5_636, 420);
  expect(seen.end - seen.first).toBeLessThan(60);
  expect(seen.above + seen.below + (long[seen.end] ?? 0) - (long[seen.first] ?? 0)).toBe(long[10_000]);
  expect(drawn(long, 1e9, 420).end).toBe(10_000);
  expect(drawn(offsets(0, () => 28), 0, 400)).toEqual({ first: 0, end: 0, above: 0, below: 0 });
});
