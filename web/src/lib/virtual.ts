// Which rows of a long list to draw. Pure: heights and the scroll position come in, indexes go out.

/** Rows drawn beyond each edge, so that a quick scroll shows no blank. */
const BEYOND = 12;
/** Lists up to this length are drawn whole (ui.md section 5). */
export const WHOLE = 200;

export interface Drawn {
  first: number;
  /** Not included. */
  end: number;
  /** Heights of what is left out above and below, px. */
  above: number;
  below: number;
}

/** Where each row begins, px, and last where the list ends. */
export function offsets(count: number, rowPx: (index: number) => number): Float64Array {
  const out = new Float64Array(count + 1);
  for (let i = 0; i < count; i += 1) out[i + 1] = (out[i] ?? 0) + rowPx(i);
  return out;
}

/** The last row that begins at or above `px`. */
export function rowAt(starts: Float64Array, px: number): number {
  let [low, high] = [0, Math.max(0, starts.length - 2)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= px) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** `topPx` is how far the list has been scrolled past its own start; `viewPx` is what is seen of it. */
export function drawn(starts: Float64Array, topPx: number, viewPx: number): Drawn {
  const count = starts.length - 1;
  if (count <= WHOLE) return { first: 0, end: count, above: 0, below: 0 };
  const first = Math.max(0, rowAt(starts, topPx) - BEYOND);
  const end = Math.min(count, rowAt(starts, topPx + Math.max(0, viewPx)) + 1 + BEYOND);
  return { first, end, above: starts[first] ?? 0, below: (starts[count] ?? 0) - (starts[end] ?? 0) };
}
