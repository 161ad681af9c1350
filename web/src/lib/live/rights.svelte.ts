// What whoever looks may do. Without accounts everything; the server checks each request anyway, this only keeps off the
// screen what would be refused.

export interface Rights {
  /** Over something at least. */
  somewhere: readonly string[];
  /** Over everything. */
  everywhere: readonly string[];
}

let known = $state.raw<{ somewhere: ReadonlySet<string>; everywhere: ReadonlySet<string> } | null>(null);

export const rights = {
  has: (right: string): boolean => known === null || known.somewhere.has(right),
  /** For what belongs to nobody in particular: accounts, drivers, the host. */
  hasEverywhere: (right: string): boolean => known === null || known.everywhere.has(right),
  /** Null: there are no accounts. */
  set(rights: Rights | null): void {
    known = rights && { somewhere: new Set(rights.somewhere), everywhere: new Set(rights.everywhere) };
  },
};
