// The sphere on a square, as every map of tiles has it (EPSG:3857). Coordinates of the plane run from 0 to 1, y downwards.

const MAX_LATITUDE = 85.051_128_78;
const EARTH_M = 40_075_016.686;
export const TILE_PX = 256;

export interface Spot {
  x: number;
  y: number;
}

export function spot(latitude: number, longitude: number): Spot {
  const north = (Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, latitude)) * Math.PI) / 180;
  return { x: (longitude + 180) / 360, y: (1 - Math.asinh(Math.tan(north)) / Math.PI) / 2 };
}

/** Metres of a pixel at a height of the plane. */
export const metresPerPx = (y: number, zoom: number): number => {
  const north = Math.atan(Math.sinh(Math.PI * (1 - 2 * y)));
  return (EARTH_M * Math.cos(north)) / (TILE_PX * 2 ** zoom);
};

export interface View {
  /** What is in the middle. */
  x: number;
  y: number;
  /** Whole or not: the plane is 256·2^zoom pixels wide. */
  zoom: number;
}

export const MAX_ZOOM = 18;
export const MIN_ZOOM = 2;

/** The view that has all spots in it. */
export function around(spots: readonly Spot[], widthPx: number, heightPx: number): View {
  if (spots.length === 0) return { x: 0.5, y: 0.35, zoom: MIN_ZOOM };
  const [xs, ys] = [spots.map(({ x }) => x), spots.map(({ y }) => y)];
  const [west, east] = [Math.min(...xs), Math.max(...xs)];
  const [north, south] = [Math.min(...ys), Math.max(...ys)];
  const room = (px: number, size: number) => (size === 0 ? Infinity : Math.log2((px * 0.8) / (TILE_PX * size)));
  const zoom = Math.min(16, room(widthPx, east - west), room(heightPx, south - north));
  return { x: (west + east) / 2, y: (north + south) / 2, zoom: Math.max(MIN_ZOOM, Math.floor(zoom)) };
}

export interface Tile {
  key: string;
  url: string;
  left: number;
  top: number;
  size: number;
}

/** Tiles that the view shows. */
export function tilesOf(template: string, view: View, widthPx: number, heightPx: number): Tile[] {
  const zoom = Math.round(view.zoom);
  const count = 2 ** zoom;
  const size = TILE_PX * 2 ** (view.zoom - zoom);
  const [left, top] = [view.x * count - widthPx / 2 / size, view.y * count - heightPx / 2 / size];
  const tiles: Tile[] = [];
  for (let y = Math.max(0, Math.floor(top)); y < Math.min(count, top + heightPx / size); y += 1) {
    for (let x = Math.floor(left); x < left + widthPx / size; x += 1) {
      const wrapped = ((x % count) + count) % count;
      const url = template.replace('{z}', String(zoom)).replace('{x}', String(wrapped)).replace('{y}', String(y));
      tiles.push({ key: `${zoom}/${x}/${y}`, url, left: (x - left) * size, top: (y - top) * size, size });
    }
  }
  return tiles;
}

/** Spots in one square of `px` are one group, which stands at their middle, but far enough from the next square. */
export function groups<T extends Spot>(spots: readonly T[], zoom: number, px: number): { x: number; y: number; of: T[] }[] {
  const cell = px / (TILE_PX * 2 ** zoom);
  const found = new Map<string, T[]>();
  for (const one of spots) {
    const key = `${Math.floor(one.x / cell)}/${Math.floor(one.y / cell)}`;
    const group = found.get(key);
    if (group) group.push(one);
    else found.set(key, [one]);
  }
  const middle = (of: readonly T[], part: (one: T) => number) => {
    const mean = of.reduce((sum, one) => sum + part(one), 0) / of.length;
    const start = Math.floor(mean / cell) * cell;
    return of.length === 1 ? mean : Math.min(start + 0.7 * cell, Math.max(start + 0.3 * cell, mean));
  };
  return [...found.values()].map((of) => ({ x: middle(of, ({ x }) => x), y: middle(of, ({ y }) => y), of }));
}

/** A length for the scale: 1, 2 or 5 with zeros, at most `mostPx` long. */
export function scale(metresPx: number, mostPx: number): { metres: number; px: number } {
  const most = metresPx * mostPx;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((step) => step * power).find((length) => length <= most) ?? power;
  return { metres, px: metres / metresPx };
}
