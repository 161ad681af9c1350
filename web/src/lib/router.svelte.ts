// Real paths, and the whole view in the address: back, reload and a sent link open the same screen. Another page is opened
// only when nothing unsaved would be lost, or whoever typed it says so.

import { type Route, match } from './router';
import { unsaved } from './unsaved.svelte';

export type { Route };

/** Each entry of the history has its place, so that a step that is not to be taken can be taken back. */
const placeOf = (state: unknown): number | null => {
  const place = (state as { place?: unknown } | null)?.place;
  return typeof place === 'number' ? place : null;
};

const read = () => ({ path: location.pathname, query: new URLSearchParams(location.search), hash: location.hash });
let at = $state.raw(read());
const path = $derived(at.path);
const route = $derived(match(path));
let place = placeOf(history.state) ?? 0;
/** A step through the history that was agreed to. */
let isAgreed = false;

function open(target: URL, replace: boolean): void {
  const same = target.pathname === at.path;
  if (!replace) place += 1;
  if (replace) history.replaceState({ place }, '', target);
  else history.pushState({ place }, '', target);
  at = read();
  if (!replace && !same) scrollTo(0, 0);
}

function go(href: string, replace = false): void {
  const target = new URL(href, location.href);
  if (target.pathname === at.path || !unsaved.is) open(target, replace);
  else void unsaved.ask().then((isLeaving) => isLeaving && open(target, replace));
}

/** Within a page a form stays where it is; a dialog is about what stood behind it. */
const isOther = (): boolean => location.pathname !== at.path || document.querySelector('dialog:modal') !== null;

/** The browser has gone back or on already: where that would lose something, it is brought back before anybody is asked. */
function pop(event: PopStateEvent): void {
  const there = placeOf(event.state);
  if (there === null) {
    // A link within the page has made this entry.
    place += 1;
    history.replaceState({ place }, '');
  } else if (there === place && location.pathname === at.path) {
    return;
  } else if (there !== place && !isAgreed && isOther() && unsaved.is) {
    const by = there - place;
    history.go(-by);
    void unsaved.ask().then((isLeaving) => {
      isAgreed = isLeaving;
      if (isLeaving) history.go(by);
    });
    return;
  } else {
    place = there;
  }
  isAgreed = false;
  at = read();
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
    history.replaceState({ place }, '');
    addEventListener('popstate', pop);
    document.addEventListener('click', click);
  },
};
