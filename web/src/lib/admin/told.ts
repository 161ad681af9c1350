// Values of the audit in words: names of fields, roles, states and instants; anything else as it is stored.

import { c } from '../account/words';
import { d } from '../drivers/words';
import { dateTime } from '../format/time';
import { i18n, t, word } from '../i18n/index.svelte';
import { l } from '../lines/words';
import { viewerZone } from '../live/zones.svelte';
import { h } from '../webhooks/words';
import { INSTANTS, type Json } from './audit';
import { u } from './words';

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** `to` of an assignment is a person, of a reading an instant. */
function field(name: string, deed: string): string {
  return word(u().field, deed === 'node.assign' && name === 'to' ? 'to_who' : name);
}

/** What differs; rights stand without a name in what is stored. */
export const fields = (path: readonly string[], deed: string): string =>
  path.length === 0 && deed === 'account.grant' ? word(u().field, 'grants') : path.map((name) => field(name, deed)).join(', ');

/** States of drivers, callers and nodes have words of their own. */
function state(value: string, deed: string): string {
  if (deed.startsWith('driver.')) return word(d().state, value);
  return word(deed.startsWith('caller.') ? l().callerState : t().state, value);
}

function named(value: string, name: string, deed: string): string {
  if (RFC3339.test(value)) return dateTime(Date.parse(value), viewerZone, i18n.lang);
  if (name === 'role') return word(c().role, value);
  if (name === 'kinds') return word(h().kind, value);
  if (name === 'rights') return word(u().right, value);
  if (name === 'state') return state(value, deed);
  if (name === 'kind' && deed.startsWith('account.')) return value === 'machine' ? u().machine : u().person;
  return name === 'on' ? word(u().field, value) : value;
}

export function told(value: Json | undefined, name: string, deed: string): string {
  if (value === undefined || value === null || value === '') return u().nothing;
  if (typeof value === 'boolean') return value ? u().yes : u().no;
  if (typeof value === 'number') return INSTANTS.has(name) ? dateTime(value * 1_000, viewerZone, i18n.lang) : String(value);
  if (typeof value === 'string') return named(value, name, deed);
  if (Array.isArray(value)) return value.map((one) => told(one, name, deed)).join('; ');
  if ('role' in value && 'on' in value) return `${told(value.role, 'role', deed)}: ${told(value.on, 'on', deed)}`;
  return Object.entries(value).map(([key, one]) => `${field(key, deed)} ${told(one, key, deed)}`).join(', ');
}
