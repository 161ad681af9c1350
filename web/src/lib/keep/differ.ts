// What is other of an object: what to send, and what somebody else has changed meanwhile. Pure.

export type Fields = Record<string, unknown>;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** The fields of `mine` that are not as they were. */
export const changed = (was: Fields, mine: Fields): Fields => Object.fromEntries(Object.entries(mine).filter(([key, value]) => !same(was[key], value)));

export interface Difference {
  field: string;
  before: string;
  after: string;
  /** Whether I have changed it, too. */
  mineToo: boolean;
}

const shown = (value: unknown): string => {
  if (value === null || value === undefined || value === '') return '—';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** What has become other between two looks at an object, only of the fields that a form has. */
export function differences(was: Fields, is: Fields, mine: Fields): Difference[] {
  const touched = changed(was, mine);
  return Object.keys(was)
    .filter((field) => !same(was[field], is[field]))
    .map((field) => ({ field, before: shown(was[field]), after: shown(is[field]), mineToo: field in touched }));
}
