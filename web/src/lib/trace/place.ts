// A place in a wire trace, as the address has it: `#x=17` an entry, `#x=17:49` a byte of it, `#x=17:49-54` some. Entries and
// bytes are counted from 0. Pure.

export interface Place {
  entry: number;
  /** First and last byte; null: the entry as a whole. */
  bytes: readonly [number, number] | null;
}

const FORM = /^#x=(\d{1,7})(?::(\d{1,7})(?:-(\d{1,7}))?)?$/;

export function placeOf(hash: string): Place | null {
  const found = FORM.exec(hash);
  if (!found) return null;
  const [, entry, from, to] = found;
  if (from === undefined) return { entry: Number(entry), bytes: null };
  const ends = [Number(from), Number(to ?? from)].sort((a, b) => a - b);
  return { entry: Number(entry), bytes: [ends[0] ?? 0, ends[1] ?? 0] };
}

export function hashOf({ entry, bytes }: Place): string {
  if (!bytes) return `#x=${entry}`;
  return bytes[0] === bytes[1] ? `#x=${entry}:${bytes[0]}` : `#x=${entry}:${bytes[0]}-${bytes[1]}`;
}

/** The row that shows an entry: a remark, or a silence that goes on, stands with what was before. -1: there is none. */
export function rowOf(rows: readonly { entry: number }[], place: Place, entries: number): number {
  return place.entry < entries ? rows.findLastIndex((row) => row.entry <= place.entry) : -1;
}

/** The bytes of a place that a frame has; null: it has none of them. */
export function within(place: Place, length: number): readonly [number, number] | null {
  if (!place.bytes || place.bytes[0] >= length) return null;
  return [place.bytes[0], Math.min(place.bytes[1], length - 1)];
}

/** One byte on or back, or the other end of the range by one; a key on an entry begins at its first or last byte. */
export function stepped(place: Place, length: number, by: 1 | -1, isExtending: boolean): Place {
  if (length === 0) return place;
  const clamp = (at: number) => Math.max(0, Math.min(length - 1, at));
  if (!place.bytes) return { ...place, bytes: by > 0 ? [0, 0] : [length - 1, length - 1] };
  const [from, to] = place.bytes;
  if (isExtending) return { ...place, bytes: [from, Math.max(from, clamp(to + by))] };
  const at = clamp((by > 0 ? to : from) + by);
  return { ...place, bytes: [at, at] };
}
