// The QR code that the server drew, as a path of our own: the content policy lets in neither pictures from data nor foreign
// markup. Pure.

export interface Drawn {
  viewBox: string;
  path: string;
}

/** Only what draws is taken: two numbers of a size and a path of moves and lines. Null: it is none that we know. */
export function drawn(svg: string): Drawn | null {
  const viewBox = /viewBox="([\d .]+)"/.exec(svg)?.[1];
  const path = /<path[^>]*\sd="([MmLlHhVvZz\d\s.,-]+)"/.exec(svg)?.[1];
  return viewBox && path ? { viewBox, path } : null;
}
