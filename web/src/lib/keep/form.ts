// What is said of a device, as a form: what stands in its fields and what of it goes to the server. Pure.

import type { DeviceBody, Line, PlaceBody, Site } from './api';
import { type ConfigKey, type Typed, configFaults, configOf, typedOf } from './config';
import { type Route, newRoute, routeBody, routeFaults } from './route';

export interface Chosen {
  id: string;
  driver: string;
  name: string;
}

export interface PointForm {
  input: string;
  name: string;
  resource: string;
  purpose: string;
}

export interface DeviceForm {
  name: string;
  serial: string;
  model: Chosen | null;
  routes: Route[];
  typed: Typed;
  points: PointForm[];
  enabled: boolean;
  group: string;
  schedule: string;
  clockPolicy: string;
  clockRule: string;
  node: number | null;
}

/** Where a new device will stand. */
export interface PlaceForm {
  way: 'there' | 'new';
  site: number | null;
  /** Null: a new one in the site. */
  node: number | null;
  nodeName: string;
  organisation: string;
  siteName: string;
  address: string;
  zone: string;
}

export const newPlace = (zone: string): PlaceForm => ({ way: 'new', site: null, node: null, nodeName: '', organisation: '', siteName: '', address: '', zone });
export const newPoint = (input: number, resource = 'heat'): PointForm => ({ input: String(input), name: '', resource, purpose: 'commercial' });
export const newForm = (): DeviceForm => ({
  name: '', serial: '', model: null, routes: [newRoute()], typed: {}, points: [newPoint(1)], enabled: true, group: '', schedule: '', clockPolicy: '', clockRule: '', node: null,
});

const orNull = (text: string): string | null => text.trim() || null;

/** The form of a device that is there. */
export function formOf(body: DeviceBody, keys: readonly ConfigKey[], modelName: string | null): DeviceForm {
  return {
    name: body.name ?? '',
    serial: body.serial ?? '',
    model: body.driver ? { id: body.model ?? '', driver: body.driver, name: modelName ?? body.model ?? '' } : null,
    routes: (body.routes ?? []).map((route) => ({ ...newRoute('line'), line: route.line ?? null, settings: route.settings ?? '' })),
    typed: typedOf(keys, body.config ?? {}),
    points: (body.points ?? []).map((point) => ({ input: String(point.input), name: point.name ?? '', resource: point.resource ?? 'heat', purpose: point.purpose ?? 'commercial' })),
    enabled: body.enabled ?? true,
    group: body.group ?? '',
    schedule: body.schedule ?? '',
    clockPolicy: body.clock_policy ?? '',
    clockRule: body.clock_rule ?? '',
    node: body.node ?? null,
  };
}

const pointBody = ({ input, name, resource, purpose }: PointForm) => ({ input: Number(input), name: orNull(name), resource, purpose });

/** As the server takes it. `was` says which secrets there were. */
export function bodyOf(form: DeviceForm, keys: readonly ConfigKey[], was: Typed = {}): DeviceBody {
  return {
    name: orNull(form.name),
    ...(form.model ? { driver: form.model.driver, ...(form.model.id ? { model: form.model.id } : {}) } : {}),
    ...(form.node === null ? {} : { node: form.node }),
    routes: form.routes.map(routeBody),
    points: form.points.map(pointBody),
    serial: orNull(form.serial),
    enabled: form.enabled,
    clock_rule: orNull(form.clockRule),
    config: configOf(keys, form.typed, was),
    schedule: orNull(form.schedule),
    group: orNull(form.group),
    clock_policy: orNull(form.clockPolicy),
  };
}

/** Where it will stand, by its key or by names. */
export function placeBody(place: PlaceForm, sites: readonly Site[]): { node: number } | { place: PlaceBody } {
  if (place.way === 'new') {
    return { place: { organisation: orNull(place.organisation), site: orNull(place.siteName), address: orNull(place.address), time_zone: orNull(place.zone), node: orNull(place.nodeName) } };
  }
  if (place.node !== null) return { node: place.node };
  const site = sites.find((one) => one.id === place.site);
  return { place: { organisation: site?.organisation.name ?? null, site: site?.name ?? null, node: orNull(place.nodeName) } };
}

export type PlaceFault = 'site' | 'siteName' | 'nodeName';
export function placeFaults(place: PlaceForm): PlaceFault[] {
  if (place.way === 'new') return place.siteName.trim() ? [] : ['siteName'];
  return [...(place.site === null ? ['site' as const] : []), ...(place.node === null && !place.nodeName.trim() ? ['nodeName' as const] : [])];
}

/** Input 0 is the device as a whole. */
const MAX_INPUT = 255;
export const inputFault = (text: string): boolean => !/^\d{1,3}$/.test(text.trim()) || Number(text) > MAX_INPUT;

/** Whether the way to the device and what its driver asks for can be sent. */
export const canTalk = (form: DeviceForm, keys: readonly ConfigKey[]): boolean =>
  form.model !== null && form.routes.length > 0 && form.routes.every((route) => routeFaults(route).length === 0) && Object.keys(configFaults(keys, form.typed)).length === 0;

/** A name that says where it is and what it is. */
export const nameFor = (site: string, model: string): string => [site.trim(), model.trim()].filter(Boolean).join(', ');

/** Lines by key, for a sentence about a way. */
export const lineOf = (lines: readonly Line[], route: Route | undefined): Line | undefined => lines.find((line) => line.id === route?.line);
