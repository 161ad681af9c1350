// What a driver asks for, as a form: texts as they are typed, and what of them goes to the server. Pure.

import type { Text } from '../api/types';

/** A key of a driver's configuration, as its description has it. */
export interface ConfigKey {
  key: string;
  type: 'integer' | 'string' | 'boolean' | 'integers';
  min: number | null;
  max: number | null;
  choices: string[];
  default: unknown;
  required: boolean;
  secret: boolean;
  title: Text;
  hint: Text | null;
}

export type Typed = Record<string, string>;
export type Config = Record<string, unknown>;

/** Stands where a secret is that is not shown. */
export const MASK = '••';
const LIST = /[\s,;]+/;

export type Fault = { kind: 'missing' } | { kind: 'number' | 'length'; min: number | null; max: number | null };

const shown = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : value === null || value === undefined ? '' : String(value));

/** What stands in the fields of a configuration. */
export const typedOf = (keys: readonly ConfigKey[], config: Config): Typed => Object.fromEntries(keys.map(({ key }) => [key, shown(config[key])]));

/** What an empty field stands for. */
export const usual = (key: ConfigKey): string => shown(key.default);

const whole = (text: string): number | null => (/^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text.trim()) : null);
const within = (value: number, { min, max }: ConfigKey): boolean => value >= (min ?? -Infinity) && value <= (max ?? Infinity);

function faultOf(key: ConfigKey, text: string): Fault | null {
  const said = text.trim();
  const limits = { min: key.min, max: key.max };
  if (!said) return key.required && key.default === null ? { kind: 'missing' } : null;
  if (key.type === 'integer' || key.type === 'integers') {
    const parts = key.type === 'integer' ? [said] : said.split(LIST).filter(Boolean);
    const fit = parts.every((part) => {
      const value = whole(part);
      return value !== null && within(value, key);
    });
    return fit ? null : { kind: 'number', ...limits };
  }
  if (key.type === 'string' && key.choices.length === 0 && said !== MASK && !within(said.length, key)) return { kind: 'length', ...limits };
  return null;
}

/** What is wrong in the fields, by key. */
export function configFaults(keys: readonly ConfigKey[], typed: Typed): Record<string, Fault> {
  return Object.fromEntries(keys.flatMap((key) => {
    const fault = faultOf(key, typed[key.key] ?? '');
    return fault ? [[key.key, fault]] : [];
  }));
}

/** The configuration that the fields say; empty ones are left to the driver. A masked secret stays masked: it is kept. One
 * that `was` there and has been emptied is taken away. */
export function configOf(keys: readonly ConfigKey[], typed: Typed, was: Typed = {}): Config {
  const config: Config = {};
  for (const { key, type, secret } of keys) {
    const said = (typed[key] ?? '').trim();
    if (!said && secret && was[key] === MASK) config[key] = null;
    if (!said) continue;
    if (type === 'integer') config[key] = Number(said);
    else if (type === 'integers') config[key] = said.split(LIST).filter(Boolean).map(Number);
    else if (type === 'boolean') config[key] = said === 'true';
    else config[key] = said;
  }
  return config;
}

/** Keys that most people have to see, and those that are for special lines. */
export function split(keys: readonly ConfigKey[], typed: Typed): { main: ConfigKey[]; more: ConfigKey[] } {
  const isMain = ({ key, required, secret }: ConfigKey) => required || secret || ['address', 'secondary', 'framing', 'server', 'client'].includes(key) || Boolean(typed[key]);
  return { main: keys.filter(isMain), more: keys.filter((key) => !isMain(key)) };
}

/** What may be kept in a browser. */
export function withoutSecrets(keys: readonly ConfigKey[], typed: Typed): Typed {
  const secret = new Set(keys.filter((key) => key.secret).map(({ key }) => key));
  return Object.fromEntries(Object.entries(typed).filter(([key]) => !secret.has(key)));
}
