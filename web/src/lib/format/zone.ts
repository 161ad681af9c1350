// Civil time of a site and back. All arithmetic is on Unix milliseconds; civil time is only for people.

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export interface Civil {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();
/** Zones change at quarters of an hour, so an offset holds within one. */
const QUARTER_MS = 900_000;
/** A year of hours in two zones; beyond it the cache starts anew. */
const MAX_OFFSETS = 20_000;

function formatter(zone: string): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (!found) {
    const options: Intl.DateTimeFormatOptions = {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
      hour: 'numeric', minute: 'numeric', second: 'numeric',
    };
    try {
      found = new Intl.DateTimeFormat('en-US', options);
    } catch {
      // A zone that this browser does not know: times are shown in UTC rather than not at all.
      found = new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' });
    }
    formats.set(zone, found);
  }
  return found;
}

/** What has to be added to UTC to get the zone's civil time at that instant, milliseconds. */
export function offsetMs(ms: number, zone: string): number {
  const quarter = Math.floor(ms / QUARTER_MS);
  const key = zone + quarter;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const at = quarter * QUARTER_MS;
  const part: Record<string, number> = {};
  for (const { type, value } of formatter(zone).formatToParts(at)) part[type] = Number(value);
  const civil = Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day ?? 1, part.hour ?? 0, part.minute ?? 0, part.second ?? 0);
  if (offsets.size >= MAX_OFFSETS) offsets.clear();
  offsets.set(key, civil - at);
  return civil - at;
}

export function toCivil(ms: number, zone: string): Civil {
  const date = new Date(ms + offsetMs(ms, zone));
  return {
    year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(),
    hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds(),
  };
}

/** The instant of a civil time. The hour that comes twice means its first turn; one that never comes, the time after. */
export function fromCivil(civil: Partial<Civil> & { year: number }, zone: string): number {
  const wall = Date.UTC(civil.year, (civil.month ?? 1) - 1, civil.day ?? 1, civil.hour ?? 0, civil.minute ?? 0, civil.second ?? 0);
  const early = wall - offsetMs(wall - DAY_MS, zone);
  if (early + offsetMs(early, zone) === wall) return early;
  return wall - offsetMs(wall, zone);
}

export function startOfDay(ms: number, zone: string): number {
  const { year, month, day } = toCivil(ms, zone);
  return fromCivil({ year, month, day }, zone);
}

/** Moves by calendar parts in the zone; days beyond the month's end roll over as `Date.UTC` does. */
export function shift(ms: number, zone: string, by: { years?: number; months?: number; days?: number }): number {
  const civil = toCivil(ms, zone);
  return fromCivil(
    { ...civil, year: civil.year + (by.years ?? 0), month: civil.month + (by.months ?? 0), day: civil.day + (by.days ?? 0) },
    zone,
  );
}

/** `UTC+3`, `UTC+5:30`. */
export function zoneLabel(ms: number, zone: string): string {
  const minutes = Math.round(offsetMs(ms, zone) / MINUTE_MS);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? '\u2212' : '+'}${hours}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`;
}

/** `2026-11-20T14:07` of a site, as periods stand in the address. */
export function civilKey(ms: number, zone: string): string {
  const c = toCivil(ms, zone);
  const p = (n: number, width = 2) => String(n).padStart(width, '0');
  const time = c.hour || c.minute ? `T${p(c.hour)}:${p(c.minute)}` : '';
  return `${p(c.year, 4)}-${p(c.month)}-${p(c.day)}${time}`;
}

/** The other way; null when the text is not such a time. */
export function fromCivilKey(text: string | null, zone: string): number | null {
  const found = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}))?$/.exec(text ?? '');
  if (!found) return null;
  const [year, month, day, hour, minute] = found.slice(1).map((part) => Number(part ?? 0));
  if (!year || !month || month > 12 || !day || day > 31 || (hour ?? 0) > 23 || (minute ?? 0) > 59) return null;
  return fromCivil({ year, month, day, hour: hour ?? 0, minute: minute ?? 0 }, zone);
}
