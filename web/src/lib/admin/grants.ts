// Grants as they are edited. Pure.

import type { Grant } from '../account/api';
import type { NewGrant } from './api';

export const ROLES = ['administrator', 'dispatcher', 'engineer', 'viewer', 'vendor'] as const;
export type Role = (typeof ROLES)[number];
export const PLACE_KINDS = ['organisation', 'site', 'node'] as const;
export type OnKind = 'everything' | (typeof PLACE_KINDS)[number] | 'vendor';

/** What a role may be over. */
export const kindsOf = (role: Role): readonly OnKind[] => (role === 'vendor' ? ['vendor'] : ['everything', ...PLACE_KINDS]);

export function grantOf(role: Role, kind: OnKind, place: { id: number; name: string } | null, vendor: string): Grant | null {
  const grant: Grant = { role, organisation: null, site: null, node: null, vendor: null };
  if (kind === 'everything') return grant;
  if (kind === 'vendor') return vendor ? { ...grant, vendor } : null;
  return place ? { ...grant, [kind]: place } : null;
}

export const asNew = (grant: Grant): NewGrant => ({
  role: grant.role,
  organisation: grant.organisation?.id ?? null,
  site: grant.site?.id ?? null,
  node: grant.node?.id ?? null,
  vendor: grant.vendor ?? null,
});

/** Two that are the same have the same. */
export const keyOf = (grant: Grant): string => JSON.stringify(Object.values(asNew(grant)));
