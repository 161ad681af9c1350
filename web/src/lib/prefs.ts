// What is kept in this browser: language and theme. A browser that keeps nothing still works.

export type Pref = 'lang' | 'theme';

/** The value in the address, else the kept one. */
export function kept(key: Pref): string | null {
  const address = new URL(location.href);
  const given = address.searchParams.get(key);
  if (given) {
    keep(key, given);
    // Taken over, it must not stand against a later choice.
    address.searchParams.delete(key);
    history.replaceState(history.state, '', address);
    return given;
  }
  try {
    return localStorage.getItem(`uzel.${key}`);
  } catch {
    return null;
  }
}

export function keep(key: Pref, value: string): void {
  try {
    localStorage.setItem(`uzel.${key}`, value);
  } catch {
    // Storage is denied: the choice holds until the page is left.
  }
}
