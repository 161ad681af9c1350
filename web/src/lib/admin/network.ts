// Addresses and networks that a key may come from, as they are typed: one a line. Pure. The server has the last word.

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/;
const V6 = /^[0-9a-f:.]*:[0-9a-f:.]*(?:\/(\d{1,3}))?$/i;

function isNetwork(text: string): boolean {
  const four = V4.exec(text);
  if (four) return four.slice(1, 5).every((part) => Number(part) <= 255) && Number(four[5] ?? 32) <= 32;
  const six = V6.exec(text);
  return six !== null && Number(six[1] ?? 128) <= 128;
}

export const lines = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);

/** The first that is none; null: all are. */
export const wrong = (networks: readonly string[]): string | null => networks.find((one) => !isNetwork(one)) ?? null;
