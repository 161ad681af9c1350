// Organisations, sites, nodes, points, lines and groups as forms: what stands in the fields and what of it is sent. Pure.

import { type KeptOf, type Plain, lineAddress } from './api';
import type { Fields } from './differ';
import { type Way, addressOf, newWay, wayOf } from './route';

export interface PlainForm {
  name: string;
  parent: number | null;
  address: string;
  zone: string;
  latitude: string;
  longitude: string;
  resource: string;
  purpose: string;
  way: Way;
  settings: string;
  options: string;
  schedule: string;
  sessions: string;
  clockPolicy: string;
}

const DEFAULT_ZONE = 'Europe/Moscow';
const empty = (): PlainForm => ({
  name: '', parent: null, address: '', zone: DEFAULT_ZONE, latitude: '', longitude: '', resource: 'heat', purpose: 'commercial',
  way: newWay(), settings: '', options: '', schedule: 'every 60m: clock current hourly daily monthly', sessions: '', clockPolicy: 'off',
});

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

/** What stands in the fields of an object, or of a new one. */
export function plainForm(kind: Plain, object: KeptOf[Plain] | null): PlainForm {
  const form = empty();
  if (!object) return form;
  form.name = object.name;
  if (kind === 'sites') {
    const site = object as KeptOf['sites'];
    return { ...form, parent: site.organisation.id, address: text(site.address), zone: site.time_zone, latitude: text(site.latitude), longitude: text(site.longitude) };
  }
  if (kind === 'nodes') return { ...form, parent: (object as KeptOf['nodes']).site.id };
  if (kind === 'points') {
    const point = object as KeptOf['points'];
    return { ...form, parent: point.node.id, resource: point.resource, purpose: point.purpose };
  }
  if (kind === 'lines') {
    const line = object as KeptOf['lines'];
    return { ...form, way: wayOf(lineAddress(line)), settings: text(line.settings), options: line.options };
  }
  if (kind === 'groups') {
    const group = object as KeptOf['groups'];
    return { ...form, schedule: group.schedule, sessions: text(group.sessions), clockPolicy: group.clock_policy };
  }
  return form;
}

const orNull = (said: string): string | null => said.trim() || null;
/** What is no number goes as it was typed: the server says what it expected. */
const figure = (said: string): number | string | null => {
  const plain = said.trim().replace(',', '.');
  return plain === '' ? null : Number.isFinite(Number(plain)) ? Number(plain) : said;
};

/** As the server takes it. */
export function plainBody(kind: Plain, form: PlainForm): Fields {
  const name = form.name.trim();
  switch (kind) {
    case 'organisations': return { name };
    case 'sites': return { organisation: form.parent, name, address: orNull(form.address), time_zone: form.zone.trim(), latitude: figure(form.latitude), longitude: figure(form.longitude) };
    case 'nodes': return { site: form.parent, name };
    case 'points': return { node: form.parent, name, resource: form.resource, purpose: form.purpose };
    case 'lines': return { name, address: addressOf(form.way), settings: orNull(form.settings), options: orNull(form.options) };
    case 'groups': return { name, schedule: form.schedule.trim(), sessions: figure(form.sessions), clock_policy: orNull(form.clockPolicy) };
  }
}

/** Whether what it stands in is settled for good. */
export const isFixed = (kind: Plain, isThere: boolean): boolean => isThere && kind !== 'sites';

/** Fields that must be filled in. */
export function missing(kind: Plain, form: PlainForm, isThere: boolean): string[] {
  const needsParent = ['sites', 'nodes', 'points'].includes(kind) && !isFixed(kind, isThere) && form.parent === null;
  return [
    ...(form.name.trim() ? [] : ['name']),
    ...(needsParent ? ['parent'] : []),
    ...(kind === 'groups' && !form.schedule.trim() ? ['schedule'] : []),
    ...(kind === 'sites' && !form.zone.trim() ? ['time_zone'] : []),
  ];
}
