// Order and choice of the list of devices. Pure: by value, never by the text on the screen.

import type { Device, DeviceState } from './api/types';
import { fold, matches } from './fold';
import { STATE_ORDER } from './words/outcome';

export type SortKey = 'state' | 'name' | 'site' | 'model' | 'fresh' | 'outcome' | 'next';
export interface Sort {
  key: SortKey;
  down: boolean;
}

const KEYS: readonly SortKey[] = ['state', 'name', 'site', 'model', 'fresh', 'outcome', 'next'];

/** `name`, or `-name` for the other direction. */
export function parseSort(text: string | null): Sort {
  const down = text?.startsWith('-') ?? false;
  const key = KEYS.find((one) => one === text?.replace(/^-/, ''));
  return key ? { key, down } : { key: 'state', down: false };
}

export const sortText = ({ key, down }: Sort): string | null => (key === 'state' && !down ? null : `${down ? '-' : ''}${key}`);

export const archiveOf = (device: Device, kind: string) => device.archives.find((one) => one.kind === kind);

/** End of the newest hour, or day, or month: of the shortest interval that the device keeps. Unix milliseconds. */
export function freshMs(device: Device): number {
  const kinds = ['hourly', 'daily', 'monthly'];
  const end = kinds.map((kind) => archiveOf(device, kind)?.last_end).find(Boolean);
  return end ? Date.parse(end) : 0;
}

const letters = new Intl.Collator('ru', { numeric: true, sensitivity: 'base' });

function compare(a: Device, b: Device, key: SortKey): number {
  switch (key) {
    case 'state': return STATE_ORDER[a.state] - STATE_ORDER[b.state];
    case 'name': return letters.compare(a.name, b.name);
    case 'site': return letters.compare(a.site.name, b.site.name);
    case 'model': return letters.compare(a.model_name ?? '', b.model_name ?? '');
    case 'fresh': return freshMs(a) - freshMs(b);
    case 'outcome': return Date.parse(a.last_session?.started_at ?? '1970-01-01') - Date.parse(b.last_session?.started_at ?? '1970-01-01');
    case 'next': return Date.parse(a.next_poll_at ?? '9999-01-01') - Date.parse(b.next_poll_at ?? '9999-01-01');
  }
}

const textOf = (device: Device): string =>
  fold([device.name, device.serial, device.model_name, device.model, device.site.name, device.site.address, device.node.name].filter(Boolean).join(' '));

/** Devices that match, in order. Equal ones stand by name, so that the order is the same every time. */
export function choose(items: readonly Device[], query: string, state: DeviceState | null, sort: Sort): Device[] {
  const wanted = query.trim();
  const chosen = items.filter((device) => (!state || device.state === state) && (!wanted || matches(textOf(device), wanted)));
  const sign = sort.down ? -1 : 1;
  return chosen.sort((a, b) => sign * compare(a, b, sort.key) || letters.compare(a.name, b.name) || a.id - b.id);
}

export function counts(items: readonly Device[]): Record<DeviceState, number> {
  const out: Record<DeviceState, number> = { abnormal: 0, 'no-connection': 0, 'driver-fault': 0, late: 0, new: 0, normal: 0, disabled: 0 };
  for (const device of items) out[device.state] += 1;
  return out;
}
