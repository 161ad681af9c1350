// How what is kept reads in a list: where it belongs, what else there is to know, where its page is. Pure.

import type { Kept, KeptOf, Kind } from './api';
import { lineAddress } from './api';

interface Words {
  sites: (count: number) => string;
  devices: (count: number) => string;
  ownLine: string;
}

const join = (...parts: (string | null | undefined | false)[]): string => parts.filter(Boolean).join(', ');

/** Where it belongs. */
export function underOf(kind: Kind, one: Kept): string {
  switch (kind) {
    case 'devices': {
      const { site, node } = one as KeptOf['devices'];
      return join(site.name, node.name !== site.name && node.name);
    }
    case 'sites': return (one as KeptOf['sites']).organisation.name;
    case 'nodes': return (one as KeptOf['nodes']).site.name;
    case 'points': {
      const { site, node } = one as KeptOf['points'];
      return join(site.name, node.name !== site.name && node.name);
    }
    case 'lines': return lineAddress(one as KeptOf['lines']);
    case 'groups': return (one as KeptOf['groups']).schedule;
    case 'organisations': return '';
  }
}

/** What else there is to know of it. */
export function moreOf(kind: Kind, one: Kept, words: Words, resources: Record<string, string>): string {
  switch (kind) {
    case 'devices': {
      const { model_name: model, model: id, serial, routes } = one as KeptOf['devices'];
      return join(model ?? id, serial && `№ ${serial}`, routes[0]?.line.name);
    }
    case 'organisations': return words.sites((one as KeptOf['organisations']).sites);
    case 'sites': {
      const { address, time_zone: zone, devices } = one as KeptOf['sites'];
      return join(words.devices(devices), address, zone);
    }
    case 'nodes': return words.devices((one as KeptOf['nodes']).devices);
    case 'points': {
      const { resource, device } = one as KeptOf['points'];
      return join(resources[resource] ?? resource, device?.name);
    }
    case 'lines': {
      const { devices, settings, options } = one as KeptOf['lines'];
      return join(words.devices(devices.length), settings ?? words.ownLine, options);
    }
    case 'groups': return words.devices((one as KeptOf['groups']).devices);
  }
}

/** Its page, where there is one. */
export function hrefOf(kind: Kind, { id }: { id: number }): string | null {
  switch (kind) {
    case 'organisations': return `/sites?at=organisation:${id}`;
    case 'sites': return `/sites?at=site:${id}`;
    case 'groups': return '/admin/schedules';
    default: return `/${kind}/${id}`;
  }
}
