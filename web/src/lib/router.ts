// Which page a path is. Pure; the history is in router.svelte.ts.

export type Route =
  | { page: 'devices' }
  | { page: 'device'; id: number }
  | { page: 'point'; id: number }
  | { page: 'sessions' }
  | { page: 'session'; id: number }
  | { page: 'drivers' }
  | { page: 'driver'; name: string }
  | { page: 'keys' }
  | { page: 'none' };

export function match(path: string): Route {
  const parts = path.split('/').filter(Boolean);
  const [head, second] = parts;
  if (parts.length === 0) return { page: 'devices' };
  if (parts.length > 2) return { page: 'none' };
  const id = second !== undefined && /^[1-9]\d{0,14}$/.test(second) ? Number(second) : null;
  if (head === 'devices') return second === undefined ? { page: 'devices' } : id ? { page: 'device', id } : { page: 'none' };
  if (head === 'points') return id ? { page: 'point', id } : { page: 'none' };
  if (head === 'sessions') return second === undefined ? { page: 'sessions' } : id ? { page: 'session', id } : { page: 'none' };
  if (head === 'drivers') return second === undefined ? { page: 'drivers' } : /^[a-z][a-z0-9-]{0,63}$/.test(second) ? { page: 'driver', name: second } : { page: 'none' };
  if (head === 'keys' && second === undefined) return { page: 'keys' };
  return { page: 'none' };
}
