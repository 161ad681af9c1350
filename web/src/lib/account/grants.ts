// What an account is granted, in words.

import { word } from '../i18n/index.svelte';
import type { Grant } from './api';
import { c } from './words';

/** What a role is over. */
export function over(grant: Grant): string {
  if (grant.vendor) return c().driversOf(grant.vendor);
  return (grant.organisation ?? grant.site ?? grant.node)?.name ?? c().everything;
}

export const granted = (grant: Grant): string => `${word(c().role, grant.role)}: ${over(grant)}`;
