// Real paths, and the whole view in the address: back, reload and a sent link open the same screen.

import { type Route, match } from './router';

export type { Route };

const read = () => ({ path: location.pathname, query: new URLSearchParams(location.search), hash: location.hash });
let at = $state.raw(read());
const path = $derived(at.path);
const route = $derived(match(path));

function go(href: string, replace = false): void {
  const target = new URL(href, location.href);
  const same = target.pathname === location.pathname;
  if (replace) history.replaceState(null, '', target);
  else history.pushState(null, '', target);
  at = read();
  if (!replace && !same) scrollTo(0, 0);
}

/** Clicks on links of our own change the page without loading it anew. */
function click(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
  if (link.origin !== location.origin || link.pathname.startsWith('/api/')) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  event.preventDefault();
  go(link.href);
}

export const router = {
  get route(): Route {
    return route;
  },
  get path(): string {
    return at.path;
  },
  get query(): URLSearchParams {
    return at.query;
  },
  get hash(): string {
    return at.hash;
  },
  go,
  /** Changes parts of the query; null removes one. Replaces the entry unless asked to add one. */
  set(parts: Record<string, string | null>, push = false): void {
    const target = new URL(location.href);
    for (const [key, value] of Object.entries(parts)) {
      if (value === null || value === '') target.searchParams.delete(key);
      else target.searchParams.set(key, value);
    }
    if (target.href !== location.href) go(target.href, !push);
  },
  start(): void {
    addEventListener('popstate', () => (at = read()));
    document.addEventListener('click', click);
  },
};
