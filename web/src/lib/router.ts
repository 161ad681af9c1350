// Which page a path is. Pure; the history is in router.svelte.ts, the pages in pages.ts.

import { PAGES, type PageName } from './pages';

export interface Route {
  page: PageName;
  /** What `:id` of the page's path stands for. */
  id?: number;
  /** What `:name` stands for. */
  name?: string;
}

const ID = /^[1-9]\d{0,14}$/;
const NAME = /^[a-z][a-z0-9-]{0,63}$/;
const parts = (path: string): string[] => path.split('/').filter(Boolean);
const patterns = Object.entries(PAGES).map(([page, { path }]) => ({ page: page as PageName, wants: parts(path) }));

function fit(wants: string[], given: string[]): Omit<Route, 'page'> | null {
  const found: Omit<Route, 'page'> = {};
  for (const [i, want] of wants.entries()) {
    const part = given[i] ?? '';
    if (want === ':id' && ID.test(part)) found.id = Number(part);
    else if (want === ':name' && NAME.test(part)) found.name = part;
    else if (want !== part) return null;
  }
  return found;
}

export function match(path: string): Route {
  const given = parts(path);
  for (const { page, wants } of patterns) {
    const found = wants.length === given.length ? fit(wants, given) : null;
    if (found) return { page, ...found };
  }
  return { page: 'none' };
}
