// The way to a device as a form: over a line that is there, or at an address. Pure.

import type { RouteBody } from './api';

export const LINE_KINDS = ['tcp', 'udp', 'rfc2217', 'serial', 'incoming', 'modem'] as const;
export type LineKind = (typeof LINE_KINDS)[number];
/** Kinds whose address is a host and a port. */
export const hasPort = (kind: LineKind): boolean => kind === 'tcp' || kind === 'udp' || kind === 'rfc2217';

export interface Way {
  kind: LineKind;
  host: string;
  port: string;
  /** Of the others: a path, `LISTENER/IDENTITY`, `POOL/NUMBER`. */
  where: string;
}

export interface Route {
  way: 'line' | 'new';
  line: number | null;
  at: Way;
  /** What a new line is called; empty: its address. */
  name: string;
  settings: string;
  options: string;
}

export const newWay = (): Way => ({ kind: 'tcp', host: '', port: '', where: '' });
export const newRoute = (way: Route['way'] = 'new'): Route => ({ way, line: null, at: newWay(), name: '', settings: '', options: '' });

export const addressOf = ({ kind, host, port, where }: Way): string => `${kind}:${hasPort(kind) ? `${host.trim()}:${port.trim()}` : where.trim()}`;

/** The fields of `tcp:10.0.0.7:4001`. */
export function wayOf(address: string): Way {
  const kind = LINE_KINDS.find((one) => address.startsWith(`${one}:`)) ?? 'tcp';
  const rest = address.slice(kind.length + 1);
  if (!hasPort(kind)) return { ...newWay(), kind, where: rest };
  const [, host = '', port = ''] = /^(.*?):?(\d*)$/.exec(rest) ?? [];
  return { ...newWay(), kind, host, port };
}

export type RouteFault = 'line' | 'host' | 'port' | 'where' | 'settings';
const MAX_PORT = 65_535;
const SETTINGS = /^\d{2,7}-[5-8][NOEMS](1|2)$/i;

export function wayFaults({ kind, host, port, where }: Way): RouteFault[] {
  if (!hasPort(kind)) return where.trim() ? [] : ['where'];
  const number = /^\d{1,5}$/.test(port.trim()) ? Number(port.trim()) : 0;
  return [...(host.trim() ? [] : ['host' as const]), ...(number >= 1 && number <= MAX_PORT ? [] : ['port' as const])];
}

export const settingsFault = (settings: string): boolean => settings.trim() !== '' && !SETTINGS.test(settings.trim());

export function routeFaults(route: Route): RouteFault[] {
  const where = route.way === 'line' ? (route.line === null ? ['line' as const] : []) : wayFaults(route.at);
  return [...where, ...(settingsFault(route.settings) ? ['settings' as const] : [])];
}

/** As the server takes it. */
export function routeBody({ way, line, at, name, settings, options }: Route): RouteBody {
  if (way === 'line') return { line, settings: settings.trim() || null };
  return { address: addressOf(at), name: name.trim() || null, settings: settings.trim() || null, options: options.trim() || null };
}

/** `9600-8N2`, as a driver's description has its usual line. */
export function usualSettings(line: unknown): string {
  const { baud, data_bits: bits, parity, stop_bits: stop } = line as { baud: number; data_bits: number; parity: string; stop_bits: number };
  return `${baud}-${bits}${parity.charAt(0).toUpperCase()}${stop}`;
}
