// What a version of a driver is and may become, as the screens need it (docs/driver-life.md).

import type { Done, Version } from '../api/types';
import type { Figure } from '../words/outcome';
import { d } from './words';

/** The states on the way to work, in order. */
export const LIFE = ['uploaded', 'verified', 'compiled', 'self-tested', 'shadow', 'canary', 'active'] as const;

/** Which deed a version in which state may have; the server judges again. */
const MAY: Record<Step, readonly string[]> = {
  shadow: ['self-tested', 'shadow', 'retired', 'draining'],
  canary: ['self-tested', 'shadow', 'retired', 'draining'],
  activate: ['self-tested', 'shadow', 'retired', 'draining', 'canary'],
  quarantine: ['self-tested', 'shadow', 'canary', 'active', 'draining', 'retired'],
  retire: ['self-tested', 'shadow', 'canary', 'quarantined'],
  revoke: ['uploaded', 'verified', 'compiled', 'self-tested', 'shadow', 'canary', 'active', 'draining', 'retired', 'quarantined'],
};

export type Step = 'shadow' | 'canary' | 'activate' | 'quarantine' | 'retire' | 'revoke';
export type Deed = { step: Step; version: Version } | { step: 'rollback'; version: Version };

export const may = (version: Version, step: Step): boolean => MAY[step].includes(version.state);

/** As much of a digest as the command line shows. */
export const short = (digest: string): string => digest.slice(0, 12);

/** A version by its number, and by its digest where two have the same number. */
export const label = (version: Version, all: readonly Version[]): string =>
  all.some((one) => one.digest !== version.digest && one.version === version.version) ? `${version.version} ${version.digest.slice(0, 8)}` : version.version;

export function stateFigure(version: Version): Figure {
  if (version.state === 'quarantined') return 'drv';
  if (version.state === 'shadow' && version.shadow && !version.shadow.is_clean) return 'drv';
  if (version.state === 'active' || version.state === 'canary') return 'ok';
  return version.state === 'retired' || version.state === 'draining' ? 'off' : 'new';
}

export function stateText(version: Version): string {
  if (version.state !== 'shadow' || !version.shadow) return d().state[version.state] ?? version.state;
  return version.shadow.is_clean ? d().shadowClean : d().shadowDirty;
}

/** Whether it goes to work only against the word of its tests; one that worked before need not prove itself. */
export const isUnproven = (version: Version): boolean =>
  version.state === 'self-tested' || (version.state === 'shadow' && !version.shadow?.is_clean);

/** The version that a rollback puts to work: the last that gave its place to another and was not stopped since. */
export function before(versions: readonly Version[], events: readonly Done[]): Version | null {
  for (const event of events) {
    if (event.to !== 'draining') continue;
    const found = versions.find((one) => one.digest === event.digest && (one.state === 'draining' || one.state === 'retired'));
    if (found) return found;
  }
  return null;
}

/** The version that a page is about when its address names none: one that waits for a decision, else the one at work. */
export function subject(versions: readonly Version[], wanted: string | null): Version | null {
  const named = wanted ? versions.find((one) => one.digest.startsWith(wanted)) : null;
  const of = (...states: string[]) => versions.find((one) => states.includes(one.state));
  return named ?? of('canary') ?? of('self-tested', 'shadow') ?? of('active') ?? versions[0] ?? null;
}
