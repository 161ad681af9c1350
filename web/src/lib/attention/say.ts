// A node's trouble in words: what happened, what is lost by it (ui.md section 9). Codes and numbers are the server's.

import type { Cause, NodeRow, NodeState, Situation, Stake } from '../api/types';
import { number } from '../format/number';
import { shortDateTime, span } from '../format/time';
import { i18n, t, word } from '../i18n/index.svelte';
import { server } from '../live/server.svelte';
import { a } from './words';

const HOUR_MS = 3_600_000;
/** Hours of an archive are told in days from here on. */
const HOURS_AS_DAYS = 48;

export interface Said {
  what: string;
  more: string;
}

export const stateWord = (state: NodeState): string => word(t().state, state);

/** The name of a situation: the driver's, else its category's, else the meter's code as it is. */
export function situationName(one: Situation): string {
  const category = one.category ? server.vocabulary?.categories[one.category] : undefined;
  const name = one.title?.[i18n.lang] ?? category?.[i18n.lang];
  return name ? name.charAt(0).toUpperCase() + name.slice(1) : a().abnormalCode(one.code);
}

function abnormal(cause: Extract<Cause, { code: 'abnormal' }>, row: NodeRow, now: number): Said {
  const [first, ...others] = cause.situations;
  if (!first) return { what: stateWord('abnormal'), more: '' };
  const device = row.devices.find(({ id }) => id === row.device);
  const known = cause.situations.some((one) => one.title ?? one.category);
  const long = row.since ? now - Date.parse(row.since) : 0;
  const parts = [
    device?.model_name ?? device?.name ?? '',
    a().codes(cause.situations.map((one) => one.code).slice(0, 4).join(', ')),
    others.length > 0 ? a().moreSituations(others.length) : known ? '' : a().notDescribed,
  ];
  const name = situationName(first);
  return { what: long >= HOUR_MS ? a().forLong(name, span(long, i18n.lang)) : name, more: parts.filter(Boolean).join(' · ') };
}

function late(cause: Extract<Cause, { code: 'late' }>, zone: string): Said {
  const at = shortDateTime(Date.parse(cause.last_end), zone, i18n.lang);
  const what = cause.archive === 'hourly' ? a().noHours(at) : cause.archive === 'daily' ? a().noDays(at) : a().noRecords(at);
  return { what, more: cause.outcome ? a().lastTry(word(t().outcome, cause.outcome)) : '' };
}

function outcome(cause: Extract<Cause, { code: 'outcome' }>, row: NodeRow): Said {
  const name = word(t().outcome, cause.outcome);
  if (row.state === 'driver-fault') {
    const driver = row.devices.find(({ id }) => id === row.device)?.driver ?? '';
    return { what: a().faults(name, cause.attempts), more: [a().driverOf(driver, cause.driver_version), cause.detail].filter(Boolean).join(' · ') };
  }
  const contact = cause.contact_at ? a().noContactSince(shortDateTime(Date.parse(cause.contact_at), row.site.time_zone, i18n.lang)) : a().neverContact;
  return { what: a().attempts(name, cause.attempts), more: [cause.line_address, cause.detail, contact].filter(Boolean).join(' · ') };
}

export function causeWords(cause: Cause, row: NodeRow, now: number): Said {
  switch (cause.code) {
    case 'abnormal': return abnormal(cause, row, now);
    case 'late': return late(cause, row.site.time_zone);
    case 'outcome': return outcome(cause, row);
    case 'never-read': {
      const tried = cause.outcome ? a().lastTry(word(t().outcome, cause.outcome)) : a().neverReadMore;
      return { what: a().neverRead, more: [tried, cause.detail].filter(Boolean).join(' · ') };
    }
    case 'no-device': return { what: a().noDevice, more: '' };
    default: return { what: a().nothing, more: '' };
  }
}

/** Where a node is, in one name: many nodes are called as their site is. */
export const placeName = ({ name, site }: { name: string; site: { name: string } }): string =>
  name.includes(site.name) ? name : `${site.name}, ${name}`;

/** What happened, and behind it what the state hides. */
export function rowWords(row: NodeRow, now: number): Said {
  const said = causeWords(row.cause, row, now);
  if (!row.hidden) return said;
  const hidden = a().hidden(stateWord(row.hidden.state), causeWords(row.hidden.cause, row, now).what);
  return { what: said.what, more: [said.more, hidden].filter(Boolean).join(' · ') };
}

function depth(kind: string, records: number): string {
  if (kind === 'hourly' && records >= HOURS_AS_DAYS) return a().days(Math.floor(records / 24));
  return kind === 'daily' ? a().days(records) : a().unread(kind, records);
}

export function stakeWords(stake: Stake, now: number): Said {
  const heat = stake.heat_gcal_day === null ? null : a().heatDay(number(stake.heat_gcal_day, stake.heat_gcal_day < 10 ? 2 : 1, i18n.lang));
  const kind = stake.archive ?? '';
  const left = stake.lost_at ? Date.parse(stake.lost_at) - now : null;
  const holds = stake.depth === null ? a().depthUnknown : a().archiveHolds(a().archiveOf[kind] ?? kind, depth(kind, stake.depth));
  const unread = stake.unread === null ? '' : a().unread(kind, stake.unread);
  switch (stake.word) {
    case 'overwriting':
    case 'lost-soon': return { what: left !== null && left > 0 ? a().lostIn(span(left, i18n.lang)) : a().losing, more: holds };
    case 'heat-stopped': return { what: heat ?? a().heatUnknown, more: a().heatStopped };
    case 'heat-in-doubt': return { what: heat ?? a().heatUnknown, more: a().heatInDoubt };
    case 'kept': return { what: unread, more: left === null ? holds : a().keptFor(span(left, i18n.lang)) };
    case 'unknown': return stake.archive ? { what: unread, more: a().depthUnknown } : { what: heat ?? '—', more: heat ? a().effectUnknown : '' };
    default: return { what: '—', more: '' };
  }
}
