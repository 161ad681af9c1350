// Where a webhook may lead, how it stands, and what is sent of a form. Pure. The server has the last word.

import type { Configuration } from '../system/api';
import type { Figure } from '../words/outcome';
import type { Delivery, Webhook, WebhookPatch } from './api';

export const KINDS = ['record', 'session', 'node', 'control'] as const;
/** Characters of a name, bytes of an address. */
const NAME_CHARS = 100;
const URL_BYTES = 2_000;

/** What the configuration of the server allows beside https to public addresses. */
export interface Allowed {
  insecure: boolean;
  networks: readonly string[];
}

export function allowedBy(config: Configuration): Allowed {
  const value = (key: string): string => config.keys.find((one) => one.section === 'webhooks' && one.key === key)?.value ?? '';
  return { insecure: value('insecure') === 'true', networks: [...value('networks').matchAll(/["']([^"']+)["']/g)].map((found) => found[1] ?? '') };
}

export type UrlFault = 'form' | 'password' | 'clear' | 'inside';

/** This machine and the networks around it, by an address that a browser has brought into its one form. */
function isInside(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  if (host.startsWith('[')) return /^\[(::1?\]|f[cd]|fe[89ab])/i.test(host);
  const [a = -1, b = -1, c, d] = /^\d+(\.\d+){3}$/.test(host) ? host.split('.').map(Number) : [];
  if (c === undefined || d === undefined) return false;
  return a === 0 || a === 10 || a === 127 || (a === 169 && b === 254) || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128);
}

/** `allowed` null: what the configuration allows is not known, and the server judges. */
export function urlFault(text: string, allowed: Allowed | null): UrlFault | null {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return 'form';
  }
  if (!['https:', 'http:'].includes(url.protocol) || new TextEncoder().encode(text.trim()).length > URL_BYTES) return 'form';
  if (url.username || url.password) return 'password';
  if (!allowed) return null;
  if (url.protocol === 'http:' && !allowed.insecure) return 'clear';
  return isInside(url.hostname) && allowed.networks.length === 0 ? 'inside' : null;
}

export interface Form {
  name: string;
  url: string;
  kinds: string[];
}

export const isName = (name: string): boolean => name.trim() !== '' && [...name.trim()].length <= NAME_CHARS;

/** Only what differs. */
export function patchOf(was: Webhook, form: Form): WebhookPatch {
  const same = was.kinds.length === form.kinds.length && form.kinds.every((kind) => was.kinds.includes(kind));
  return {
    ...(form.name.trim() === was.name ? {} : { name: form.name.trim() }),
    ...(form.url.trim() === was.url ? {} : { url: form.url.trim() }),
    ...(same ? {} : { kinds: form.kinds }),
  };
}

export type Standing = 'disabled' | 'failing' | 'dead' | 'quiet' | 'works';
export const STANDING: Record<Standing, Figure> = { disabled: 'off', failing: 'late', dead: 'late', quiet: 'new', works: 'ok' };

const isWaiting = (one: Delivery): boolean => one.state === 'pending' || one.state === 'again';

/** By the newest delivery: nothing but a test overtakes one that waits. */
export function standing(hook: Webhook, last: Delivery | null): Standing {
  if (!hook.enabled) return 'disabled';
  if (last?.fault && (isWaiting(last) || last.kind === 'test')) return 'failing';
  if (hook.dead > 0) return 'dead';
  return last ? 'works' : 'quiet';
}

export type Stage = 'waits' | 'repeats' | 'done' | 'dead' | 'again';
export const STAGE: Record<Stage, Figure> = { waits: 'new', repeats: 'late', done: 'ok', dead: 'late', again: 'new' };

export function stage(one: Delivery): Stage {
  if (one.state === 'pending') return one.attempts > 0 ? 'repeats' : 'waits';
  return one.state === 'done' || one.state === 'dead' || one.state === 'again' ? one.state : 'waits';
}

/** What is drawn of what was read: a list that has the focus keeps its rows, and what is new waits behind a button. */
export function laid(shown: readonly Delivery[], read: readonly Delivery[], hasFocus: boolean): { rows: readonly Delivery[]; news: number } {
  const known = new Set(shown.map((one) => one.id));
  const news = read.filter((one) => !known.has(one.id)).length;
  if (!hasFocus || news === 0) return { rows: read, news: 0 };
  const now = new Map(read.map((one) => [one.id, one]));
  return { rows: shown.map((one) => now.get(one.id) ?? one), news };
}
