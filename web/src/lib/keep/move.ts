// What becomes of the points when a device goes to another node, or one of its inputs to another point. Pure.

import type { PointKept } from './api';
import type { PointForm } from './form';

export interface Move {
  input: number;
  /** The point that is served now, and keeps what was read until now; null: none. */
  from: string | null;
  /** The point that is served from then on; null: none. */
  to: string | null;
  /** Whether that point is there already. */
  isThere: boolean;
  /** The device that serves it now, and will no more. */
  taken: string | null;
}

interface Served {
  input: number;
  name: string;
}

/** Inputs that will serve another point. `there`: the points of the node where the device will stand; `stays`: it is the node
 * where it stands. A point without a name is called as the device is. */
export function movesOf(now: readonly Served[], points: readonly PointForm[], device: { id: number; name: string }, there: readonly PointKept[], stays: boolean): Move[] {
  const wanted = points.map(({ input, name }) => ({ input: Number(input), name: name.trim() || device.name }));
  const gone = now.filter((one) => !wanted.some(({ input }) => input === one.input)).map(({ input, name }) => ({ input, from: name, to: null, isThere: false, taken: null }));
  const other = wanted.flatMap(({ input, name }) => {
    const from = now.find((one) => one.input === input)?.name ?? null;
    if (stays && from === name) return [];
    const found = there.find((one) => one.name === name);
    const by = found?.device;
    return [{ input, from, to: name, isThere: found !== undefined, taken: by && by.id !== device.id ? by.name : null }];
  });
  return [...other, ...gone].sort((a, b) => a.input - b.input);
}
