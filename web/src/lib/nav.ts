// The sections of the client in the order of the side bar (ui.md section 2). A section is one line; one that the account
// cannot use is absent. Below 720 px the first four that are `bar` stand at the bottom, the rest behind "More".

import { a } from './attention/words';
import { t } from './i18n/index.svelte';
import { account } from './live/account.svelte';
import { attention } from './live/attention.svelte';
import { rights } from './live/rights.svelte';
import { running } from './live/running.svelte';
import type { PageName } from './pages';

export interface Section {
  href: string;
  icon: string;
  word: () => string;
  group: 'observer' | 'admin';
  /** Pages that belong to it. */
  here: readonly PageName[];
  /** Letter behind `g` that leads there. */
  chord?: string;
  /** What stands beside the word; nothing for 0. */
  count?: () => number;
  /** Whether the count asks for a person: it is told at every width. */
  hot?: boolean;
  /** Whether the count is left out where there is no room: it asks for nobody. */
  quiet?: boolean;
  /** Whether it stands in the bar of a phone. */
  bar?: boolean;
  /** The right, over something at least, without which it is absent: `see`, `see-drivers`, `administer`, … */
  needs?: string;
  /** Whether it takes that right over everything: it is about what belongs to nobody in particular. */
  whole?: boolean;
  /** Whether there must be accounts. */
  ofAccounts?: boolean;
}

const ALL: readonly Section[] = [
  { href: '/', icon: 'attn', word: () => a().title, group: 'observer', here: ['attention'], chord: 'a', count: () => attention.waiting, hot: true, bar: true, needs: 'see' },
  { href: '/sites', icon: 'home', word: () => a().sites, group: 'observer', here: ['sites', 'node', 'point', 'devices', 'device'], chord: 's', count: () => (attention.summary ? attention.summary.active + attention.summary.disabled : 0), bar: true, quiet: true, needs: 'see' },
  { href: '/sessions', icon: 'sess', word: () => t().sessions, group: 'observer', here: ['sessions', 'session'], chord: 'e', count: () => running.count, bar: true, needs: 'see' },
  { href: '/map', icon: 'map', word: () => a().map, group: 'observer', here: ['map'], chord: 'm', needs: 'see' },
  { href: '/lines', icon: 'line', word: () => t().lines, group: 'observer', here: ['lines', 'line', 'callers', 'modems', 'tunnels'], chord: 'l', needs: 'see' },
  { href: '/admin/devices', icon: 'dev', word: () => t().devices, group: 'admin', here: ['adminDevices', 'newDevice', 'editDevice', 'import'], needs: 'administer' },
  { href: '/drivers', icon: 'drv', word: () => t().drivers, group: 'admin', here: ['drivers', 'driver', 'keys'], chord: 'd', bar: true, needs: 'see-drivers' },
  { href: '/admin/schedules', icon: 'sch', word: () => t().schedules, group: 'admin', here: ['schedules'], needs: 'see' },
  { href: '/admin/system', icon: 'sys', word: () => t().system, group: 'admin', here: ['system', 'metrics', 'backups', 'config', 'webhooks', 'webhook'], needs: 'administer', whole: true },
  { href: '/admin/users', icon: 'user', word: () => t().users, group: 'admin', here: ['users', 'user', 'newUser'], needs: 'administer', whole: true, ofAccounts: true },
  { href: '/admin/audit', icon: 'audit', word: () => t().audit, group: 'admin', here: ['audit'], needs: 'administer' },
];

/** Pages that take more than their section does. */
const MORE: Partial<Record<PageName, { right: string; whole?: boolean }>> = { callers: { right: 'engineer' }, modems: { right: 'engineer' }, keys: { right: 'see-drivers', whole: true } };

const may = ({ needs, whole, ofAccounts }: Section): boolean =>
  (!needs || (whole ? rights.hasEverywhere(needs) : rights.has(needs))) && (!ofAccounts || account.exists);

/** Sections that whoever looks may use. */
export const sections = (): readonly Section[] => ALL.filter(may);

/** Whether a page is open to whoever looks; one that is not is as if it were not there. */
export function isOpen(page: PageName): boolean {
  const section = ALL.find(({ here }) => here.includes(page));
  const more = MORE[page];
  return (!section || may(section)) && (!more || (more.whole ? rights.hasEverywhere(more.right) : rights.has(more.right)));
}

/** Letters of chords with where they lead, of all sections: a section that is absent leads to "not found". */
export const chords = ALL.flatMap(({ chord, href, word }) => (chord ? [{ chord, href, word }] : []));
