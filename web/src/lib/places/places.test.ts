import { expect, test } from 'vitest';
import { around, groups, metresPerPx, scale, spot, tilesOf } from './mercator';

test('the plane is that of tiles', () => {
  expect(spot(0, 0)).toEqual({ x: 0.5, y: 0.5 });
  const moscow = spot(55.7558, 37.6173);
  // Tile 11/1238/640 holds the middle of Moscow.
  expect([Math.floor(moscow.x * 2 ** 11), Math.floor(moscow.y * 2 ** 11)]).toEqual([1238, 640]);
  expect(metresPerPx(0.5, 0)).toBeCloseTo(156_543, 0);
});

test('a view has all spots in it, and tiles cover it', () => {
  const spots = [spot(55.5, 37.2), spot(56, 38)];
  const view = around(spots, 800, 500);
  const px = 256 * 2 ** view.zoom;
  for (const { x, y } of spots) {
    expect(Math.abs(x - view.x) * px).toBeLessThan(400);
    expect(Math.abs(y - view.y) * px).toBeLessThan(250);
  }
  const tiles = tilesOf('https://t/{z}/{x}/{y}', view, 800, 500);
  expect(Math.min(...tiles.map(({ left }) => left))).toBeLessThanOrEqual(0);
  expect(Math.max(...tiles.map(({ left, size }) => left + size))).toBeGreaterThanOrEqual(800);
  expect(tiles.length).toBeLessThan(25);
  expect(new Set(tiles.map(({ key }) => key)).size).toBe(tiles.length);
});

test('near spots are one group, far ones are not', () => {
  const [a, b, far] = [spot(55.75, 37.61), spot(55.751, 37.611), spot(59.9, 30.3)];
  expect(groups([a, b, far], 8, 64).map(({ of }) => of.length).sort()).toEqual([1, 2]);
  expect(groups([a, b, far], 18, 64)).toHaveLength(3);
});

test('the scale is a round length that fits', () => {
  expect(scale(156, 120)).toEqual({ metres: 10_000, px: 10_000 / 156 });
  expect(scale(0.6, 120).metres).toBe(50);
});
