// An instant as a field for date and time has it, in a zone. Pure.

/** `2026-11-21T14:07`, by the clocks of the zone. */
export function localOf(ms: number, zone: string): string {
  // Swedish writes dates as ISO does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(ms).replace(' ', 'T');
}

/** The instant when the clocks of the zone show this; null when they never do. */
export function instantOf(local: string, zone: string): string | null {
  const wanted = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.exec(local)?.[0];
  if (!wanted) return null;
  const asUtc = Date.parse(`${wanted}Z`);
  if (Number.isNaN(asUtc)) return null;
  // Twice: the first guess may fall on the other side of a change of the offset.
  let at = asUtc;
  for (let step = 0; step < 2; step += 1) at = asUtc - (Date.parse(`${localOf(at, zone)}Z`) - Math.floor(at / 60_000) * 60_000);
  return localOf(at, zone) === wanted ? new Date(at).toISOString() : null;
}
