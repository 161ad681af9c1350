// Refusals that any deed may meet, in words; null: the server's own words say more.

import { type ApiError, OFFLINE } from '../api/client';
import { t } from '../i18n/index.svelte';

export function refusal(error: ApiError): string | null {
  if (error.code === OFFLINE) return t().offline;
  if (error.code === 'forbidden') return t().noRight;
  return error.code === 'not-signed-in' ? t().signedOut : null;
}
