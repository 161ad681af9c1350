// What whoever looks may do. Without accounts everything; the server checks each request anyway, this only keeps off the
// screen what would be refused.

let known = $state.raw<ReadonlySet<string> | null>(null);

export const rights = {
  has: (right: string): boolean => known === null || known.has(right),
  /** Null: there are no accounts. */
  set(list: readonly string[] | null): void {
    known = list && new Set(list);
  },
};
