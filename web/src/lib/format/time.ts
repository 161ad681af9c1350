// Dates, times and ages in words of the language (ui.md section 4). Instants are Unix milliseconds.

import type { Lang } from '../i18n/lang';
import { NBSP, number } from './number';
import { DAY_MS, HOUR_MS, MINUTE_MS, toCivil } from './zone';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Beyond it an age says less than the date. */
const OLDEST_AGE_MS = 60 * DAY_MS;
const p2 = (n: number): string => String(n).padStart(2, '0');

/** `20.11.2026` / `20 Nov 2026`; `short` leaves the year out. */
export function date(ms: number, zone: string, lang: Lang, short = false): string {
  const { year, month, day } = toCivil(ms, zone);
  if (lang === 'ru') return `${p2(day)}.${p2(month)}${short ? '' : `.${year}`}`;
  return `${day}${NBSP}${MONTHS[month - 1]}${short ? '' : NBSP + year}`;
}

export function time(ms: number, zone: string, seconds = false): string {
  const { hour, minute, second } = toCivil(ms, zone);
  return `${p2(hour)}:${p2(minute)}${seconds ? `:${p2(second)}` : ''}`;
}

export const dateTime = (ms: number, zone: string, lang: Lang, seconds = false): string =>
  `${date(ms, zone, lang)}${NBSP}${time(ms, zone, seconds)}`;

/** Inside a period whose year is told: `20.11 14:07`. */
export const shortDateTime = (ms: number, zone: string, lang: Lang): string =>
  `${date(ms, zone, lang, true)}${NBSP}${time(ms, zone)}`;

/** `11.2026` / `Nov 2026`. */
export function month(ms: number, zone: string, lang: Lang): string {
  const { year, month: m } = toCivil(ms, zone);
  return lang === 'ru' ? `${p2(m)}.${year}` : `${MONTHS[m - 1]}${NBSP}${year}`;
}

/** `14–20.11.2026`, `14 Nov – 3 Dec 2026`; `end` is not included. */
export function period(start: number, end: number, zone: string, lang: Lang): string {
  const last = Math.max(start, end - 1);
  const [a, b] = [toCivil(start, zone), toCivil(last, zone)];
  const full = date(last, zone, lang);
  if (a.year !== b.year) return `${date(start, zone, lang)}–${full}`;
  if (a.month !== b.month) return `${date(start, zone, lang, true)}–${full}`;
  if (a.day !== b.day) return `${lang === 'ru' ? p2(a.day) : a.day}–${full}`;
  const wholeDay = a.hour + a.minute + a.second === 0 && end - start >= 23 * HOUR_MS;
  return wholeDay ? full : `${full}${NBSP}${time(start, zone)}–${time(end, zone)}`;
}

/** An interval of an archive by its start: `13:00–14:00` with its date, a day, a month. */
export function interval(start: number, end: number, zone: string, lang: Lang): string {
  if (end <= start) return dateTime(start, zone, lang);
  const span = end - start;
  if (span >= 27 * DAY_MS && span <= 32 * DAY_MS && toCivil(start, zone).day === 1) return month(start, zone, lang);
  if (span < 23 * HOUR_MS) return `${date(start, zone, lang)}${NBSP}${time(start, zone)}–${time(end, zone)}`;
  return period(start, end, zone, lang);
}

const UNITS: Record<Lang, { s: string; min: string; h: string; d: string; ms: string }> = {
  ru: { s: 'с', min: 'мин', h: 'ч', d: 'сут', ms: 'мс' },
  en: { s: 's', min: 'min', h: 'h', d: 'd', ms: 'ms' },
};

const join = (parts: [number, string][], lang: Lang): string =>
  parts.filter(([n], i) => i === 0 || n > 0).map(([n, unit]) => `${number(n, 0, lang)}${NBSP}${unit}`).join(NBSP);

/** The two largest units: `5 мин`, `3 сут 4 ч`. */
export function span(ms: number, lang: Lang): string {
  const u = UNITS[lang];
  const left = Math.max(0, ms);
  if (left < MINUTE_MS) return join([[Math.floor(left / 1000), u.s]], lang);
  if (left < HOUR_MS) return join([[Math.floor(left / MINUTE_MS), u.min]], lang);
  const [days, hours] = [Math.floor(left / DAY_MS), Math.floor((left % DAY_MS) / HOUR_MS)];
  if (days > 0) return join([[days, u.d], [hours, u.h]], lang);
  return join([[hours, u.h], [Math.floor((left % HOUR_MS) / MINUTE_MS), u.min]], lang);
}

/** How old something is; over 60 days its date. Under a minute the seconds are noise and count as one minute. */
export function age(at: number, now: number, zone: string, lang: Lang): string {
  const old = now - at;
  if (old > OLDEST_AGE_MS) return date(at, zone, lang);
  return span(Math.max(old, MINUTE_MS), lang);
}

/** `184 мс`, `20,4 с`, `12 мин 4 с`. */
export function duration(ms: number, lang: Lang): string {
  const u = UNITS[lang];
  if (ms < 10) return `${number(ms, 1, lang)}${NBSP}${u.ms}`;
  if (ms < 1000) return `${number(Math.round(ms), 0, lang)}${NBSP}${u.ms}`;
  if (ms < MINUTE_MS) return `${number(ms / 1000, 1, lang)}${NBSP}${u.s}`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return join([[Math.floor(seconds / 60), u.min], [seconds % 60, u.s]], lang);
  return span(ms, lang);
}

/** A civil label of the device, verbatim in its parts: `2016-12-01T00:00:00` becomes `01.12.2016 00:00`. */
export function label(text: string, lang: Lang): string {
  const ms = Date.parse(/Z$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(ms) ? text : dateTime(ms, 'UTC', lang, ms % MINUTE_MS !== 0);
}

/** `512 Б`, `3 412 Б`, `1,3 МиБ`: small amounts exactly, because people compare them with the trace. */
export function bytes(count: number, lang: Lang): string {
  const unit = lang === 'ru' ? ['Б', 'КиБ', 'МиБ'] : ['B', 'KiB', 'MiB'];
  if (count < 100_000) return `${number(count, 0, lang)}${NBSP}${unit[0]}`;
  if (count < 1_048_576) return `${number(count / 1024, 1, lang)}${NBSP}${unit[1]}`;
  return `${number(count / 1_048_576, 1, lang)}${NBSP}${unit[2]}`;
}
