// Where a fault that the server names belongs on the screen. Pure.

import type { ApiError } from '../api/client';

/** What is said of a field or of what is inside of it. */
export function ofField(error: ApiError | null, field: string): string | null {
  const found = error?.faults.filter((fault) => fault.field === field || fault.field.startsWith(`${field}.`)) ?? [];
  return found.length > 0 ? found.map(({ reason }) => reason).join('; ') : null;
}

/** Faults that belong to none of the fields of a form. */
export const elsewhere = (error: ApiError | null, fields: readonly string[]): string[] =>
  (error?.faults ?? []).filter(({ field }) => !fields.some((one) => field === one || field.startsWith(`${one}.`))).map(({ field, reason }) => (field ? `${field}: ${reason}` : reason));
