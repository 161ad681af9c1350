// Days of the filters: a day in the address, an instant to the server. Days are the viewer's.

const DAY = /^\d{4}-\d\d-\d\d$/;

/** The start of a day, or of the one after it; null: it is no day. */
export function startOf(day: string | null, next = false): string | null {
  if (!day || !DAY.test(day)) return null;
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  const at = new Date(year, month - 1, date + (next ? 1 : 0));
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
