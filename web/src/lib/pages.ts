// The pages of the client: where each is and which file it comes in, loaded when it is first opened. A page is one line.
// `:id` in a path is a key, `:name` a word; a page gets what its path names.

import type { Component } from 'svelte';

type Module<Props extends Record<string, unknown>> = () => Promise<{ default: Component<Props> }>;

export type PageFile =
  | { path: string; list: Module<Record<string, never>> }
  | { path: string; object: Module<{ id: number }> }
  | { path: string; named: Module<{ name: string }> };

const ALL = {
  attention: { path: '/', list: () => import('../pages/Attention.svelte') },
  sites: { path: '/sites', list: () => import('../pages/Sites.svelte') },
  node: { path: '/nodes/:id', object: () => import('../pages/Node.svelte') },
  map: { path: '/map', list: () => import('../pages/Map.svelte') },
  devices: { path: '/devices', list: () => import('../pages/Devices.svelte') },
  device: { path: '/devices/:id', object: () => import('../pages/Device.svelte') },
  point: { path: '/points/:id', object: () => import('../pages/Point.svelte') },
  sessions: { path: '/sessions', list: () => import('../pages/Sessions.svelte') },
  session: { path: '/sessions/:id', object: () => import('../pages/Session.svelte') },
  drivers: { path: '/drivers', list: () => import('../pages/Drivers.svelte') },
  driver: { path: '/drivers/:name', named: () => import('../pages/Driver.svelte') },
  keys: { path: '/keys', list: () => import('../pages/Keys.svelte') },
  lines: { path: '/lines', list: () => import('../pages/Lines.svelte') },
  line: { path: '/lines/:id', object: () => import('../pages/Line.svelte') },
  callers: { path: '/callers', list: () => import('../pages/Callers.svelte') },
  modems: { path: '/modems', list: () => import('../pages/Modems.svelte') },
  tunnels: { path: '/tunnels', list: () => import('../pages/Tunnels.svelte') },
  adminDevices: { path: '/admin/devices', list: () => import('../pages/AdminDevices.svelte') },
  newDevice: { path: '/admin/devices/new', list: () => import('../pages/NewDevice.svelte') },
  editDevice: { path: '/admin/devices/:id', object: () => import('../pages/EditDevice.svelte') },
  import: { path: '/admin/import', list: () => import('../pages/Import.svelte') },
  schedules: { path: '/admin/schedules', list: () => import('../pages/Schedules.svelte') },
  system: { path: '/admin/system', list: () => import('../pages/System.svelte') },
  metrics: { path: '/admin/system/metrics', list: () => import('../pages/SystemMetrics.svelte') },
  backups: { path: '/admin/system/backups', list: () => import('../pages/SystemBackups.svelte') },
  config: { path: '/admin/system/config', list: () => import('../pages/SystemConfig.svelte') },
  webhooks: { path: '/admin/system/webhooks', list: () => import('../pages/Webhooks.svelte') },
  webhook: { path: '/admin/system/webhooks/:id', object: () => import('../pages/Webhook.svelte') },
  signIn: { path: '/sign-in', list: () => import('../pages/NotFound.svelte') },
  account: { path: '/account', list: () => import('../pages/Account.svelte') },
  users: { path: '/admin/users', list: () => import('../pages/Users.svelte') },
  newUser: { path: '/admin/users/new', list: () => import('../pages/UserNew.svelte') },
  user: { path: '/admin/users/:id', object: () => import('../pages/User.svelte') },
  audit: { path: '/admin/audit', list: () => import('../pages/Audit.svelte') },
  apidocs: { path: '/api-docs', list: () => import('../pages/ApiDocs.svelte') },
  none: { path: '/:none', list: () => import('../pages/NotFound.svelte') },
} satisfies Record<string, PageFile>;

export type PageName = keyof typeof ALL;
export const PAGES: Readonly<Record<PageName, PageFile>> = ALL;
