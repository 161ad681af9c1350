// Who is read alike: groups of devices by what their schedules say. Pure.

import type { Device } from '../api/types';

export interface Entry {
  /** `60m`, or a crontab expression. */
  when: string;
  isPeriod: boolean;
  tasks: string[];
  within: string | null;
}

/** The entries of `every 60m: clock hourly; H 2 * * *: daily within 30m`. */
export function entries(schedule: string): Entry[] {
  return schedule.split(';').map((part) => {
    const [when = '', what = ''] = part.split(/:(.*)/s);
    const [tasks = '', within] = what.split(/\bwithin\b/);
    const period = /^every\s+(\S+)$/.exec(when.trim())?.[1];
    return {
      when: period ?? when.trim(),
      isPeriod: period !== undefined,
      tasks: tasks.trim().split(/\s+/).filter(Boolean),
      within: within?.trim() || null,
    };
  });
}

export interface Alike {
  /** Null: schedules of their own that say the same. */
  group: string | null;
  schedule: string;
  clockPolicy: string;
  devices: Device[];
  /** The next reading of any of them, Unix milliseconds. */
  next: number | null;
}

const letters = new Intl.Collator('ru', { numeric: true, sensitivity: 'base' });
const nextOf = (device: Device): number => (device.next_poll_at ? Date.parse(device.next_poll_at) : Number.POSITIVE_INFINITY);

/** Groups by name, then schedules of devices' own, the most used first. */
export function alike(devices: readonly Device[]): Alike[] {
  const found = new Map<string, Alike>();
  for (const device of devices) {
    const { group, schedule, clock_policy: clockPolicy } = device.poll;
    // A group's device may have a schedule or a policy of its own.
    const key = `${group ?? ''}\n${schedule}\n${clockPolicy}`;
    const known = found.get(key) ?? { group, schedule, clockPolicy, devices: [], next: null };
    known.devices.push(device);
    found.set(key, known);
  }
  const all = [...found.values()];
  for (const one of all) {
    one.devices.sort((a, b) => nextOf(a) - nextOf(b) || letters.compare(a.name, b.name));
    const next = one.devices[0] ? nextOf(one.devices[0]) : Number.POSITIVE_INFINITY;
    one.next = Number.isFinite(next) ? next : null;
  }
  return all.sort((a, b) => Number(a.group === null) - Number(b.group === null) || letters.compare(a.group ?? '', b.group ?? '') || b.devices.length - a.devices.length);
}

const UNIT = { m: ['мин', 'min'], h: ['ч', 'h'], d: ['сут', 'd'] } as const;

/** `60m` as people write it. */
export const period = (text: string, isRussian: boolean): string =>
  text.replace(/^(\d+)([mhd])$/, (_, count: string, unit: 'm' | 'h' | 'd') => `${count}\u00a0${UNIT[unit][isRussian ? 0 : 1]}`);
