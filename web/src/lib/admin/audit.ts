// What a row of the audit changed: only what differs, part by part. Pure.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Change {
  /** Names from the outside in; empty: the whole. */
  path: readonly string[];
  /** Undefined: it was not there. */
  was: Json | undefined;
  /** Undefined: it is no more. */
  is: Json | undefined;
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } => typeof value === 'object' && value !== null && !Array.isArray(value);
const isEmpty = (value: Json | undefined): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);
/** The same whatever the order of names is. */
const text = (value: Json | undefined): string =>
  isObject(value) ? `{${Object.keys(value).sort().map((key) => `${key}:${text(value[key])}`).join()}}` : Array.isArray(value) ? `[${value.map(text).join()}]` : JSON.stringify(value ?? null);

/** What of a list went and what came; what stayed is left out. */
function inList(path: readonly string[], was: Json[], is: Json[]): Change[] {
  const [old, now] = [new Set(was.map(text)), new Set(is.map(text))];
  const gone = was.filter((one) => !now.has(text(one)));
  const come = is.filter((one) => !old.has(text(one)));
  if (gone.length === 0 && come.length === 0) return text(was) === text(is) ? [] : [{ path, was, is }];
  return [{ path, was: gone.length > 0 ? gone : undefined, is: come.length > 0 ? come : undefined }];
}

export function changes(was: Json | undefined, is: Json | undefined, path: readonly string[] = []): Change[] {
  if (isEmpty(was) && isEmpty(is)) return [];
  if (isObject(was) || isObject(is)) {
    if ((!isObject(was) && !isEmpty(was)) || (!isObject(is) && !isEmpty(is))) return [{ path, was, is }];
    const [old, now] = [isObject(was) ? was : {}, isObject(is) ? is : {}];
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) => changes(old[key], now[key], [...path, key]));
  }
  if (Array.isArray(was) && Array.isArray(is)) return inList(path, was, is);
  return text(was) === text(is) ? [] : [{ path, was: was ?? undefined, is: is ?? undefined }];
}

const PAGES: Readonly<Record<string, string>> = {
  account: '/admin/users/', device: '/devices/', node: '/nodes/', point: '/points/', session: '/sessions/', line: '/lines/', webhook: '/admin/system/webhooks/',
};

/** The page of an object; null: it has none. */
export const pageOf = (subject: string, id: string): string | null => (PAGES[subject] && /^[1-9]\d*$/.test(id) ? PAGES[subject] + id : null);

/** Names whose numbers are Unix seconds. */
export const INSTANTS: ReadonlySet<string> = new Set(['ends_at', 'valid_from', 'valid_to']);
