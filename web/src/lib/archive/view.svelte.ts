// What of an archive is on the screen: the address tells kind and period, rows come when the period needs them.

import type { Device } from '../api/types';
import { MINUTE_MS, civilKey, fromCivilKey } from '../format/zone';
import { serverNow } from '../live/clock.svelte';
import { Load } from '../live/load.svelte';
import { router } from '../router.svelte';
import { type Wanted, loadArchive } from './load';
import { type Archive, emptyArchive, ofPoint, pointsOf, slice } from './model';
import { type Period, ending, firstSpan } from './period';

/** Narrower than this nothing is left to see; wider is no archive's length. */
export const MIN_MS = 3 * 3_600_000;
export const MAX_MS = 40 * 366 * 86_400_000;
/** Steps of zoom that are remembered. */
const MAX_BACK = 20;

export class ArchiveView {
  readonly #device: () => Device;
  readonly load = new Load<Archive>();
  /** Rows read so far while a long period comes. */
  progress = $state(0);
  #read: Wanted | null = null;
  /** Periods to go back to by a double click. */
  #before: Period[] = [];

  readonly zone = $derived.by(() => this.#device().site.time_zone);
  readonly kind = $derived.by(() => router.query.get('kind') ?? firstKind(this.#device()));
  readonly period = $derived.by((): Period => periodOf(this.#device(), this.kind, this.zone));
  readonly #loaded = $derived(this.load.data ?? emptyArchive());
  readonly points = $derived(pointsOf(this.#loaded.columns));
  /** Null when there is nothing to choose. */
  readonly point = $derived.by(() => {
    const asked = Number(router.query.get('point'));
    return this.points.length < 2 ? null : (this.points.find((one) => one === asked) ?? this.points[0] ?? null);
  });
  /** All that was read, of the chosen point. */
  readonly whole = $derived(ofPoint(this.#loaded, this.point));
  /** What of it begins within the period. */
  readonly seen = $derived(slice(this.whole, this.period.from, this.period.to));

  constructor(device: () => Device) {
    this.#device = device;
  }

  /** Reads the period unless what is here covers it. `again` reads it in any case. */
  async ensure(kind: string, period: Period, again = false): Promise<void> {
    const device = this.#device().id;
    const read = this.#read;
    const covers = read && read.device === device && read.kind === kind && read.from <= period.from && read.to >= period.to;
    if (covers && !again) return;
    const wanted: Wanted = covers && read ? read : { device, kind, ...period };
    if (read?.kind !== kind) this.load.reset();
    this.#read = wanted;
    this.progress = 0;
    const got = await this.load.run((signal) => loadArchive(wanted, (rows) => (this.progress = rows), signal));
    if (!got && this.#read === wanted && this.load.error) this.#read = null;
  }

  setKind(kind: string): void {
    this.#before = [];
    router.set({ kind, from: null, to: null, v: null }, true);
  }

  /** A step of the period is a new entry of the history; a zoom replaces the one there is. */
  setPeriod(period: Period, push: boolean): void {
    if (!push) this.#before.push(this.period);
    else this.#before = [];
    if (this.#before.length > MAX_BACK) this.#before.shift();
    this.#go(period, push);
  }

  zoomBack(): void {
    const before = this.#before.pop();
    if (before) this.#go(before, false);
  }

  zoomOut(): void {
    const first = this.#before[0];
    this.#before = [];
    if (first) this.#go(first, false);
  }

  get zoomed(): boolean {
    return this.#before.length > 0;
  }

  #go(period: Period, push: boolean): void {
    const { from, to } = bounded(period);
    router.set({ from: civilKey(from, this.zone), to: civilKey(to, this.zone) }, push);
  }
}

/** Whole minutes, because the address holds no more, and never narrower than can be seen. */
export function bounded({ from, to }: Period): Period {
  const minute = (ms: number) => Math.round(ms / MINUTE_MS) * MINUTE_MS;
  const length = Math.min(MAX_MS, Math.max(MIN_MS, to - from));
  const middle = (from + to) / 2;
  return to - from === length ? { from: minute(from), to: minute(to) } : { from: minute(middle - length / 2), to: minute(middle + length / 2) };
}

function firstKind(device: Device): string {
  return device.archives.find((one) => one.kind === 'hourly' && one.records > 0)?.kind ?? device.archives.find((one) => one.records > 0)?.kind ?? 'hourly';
}

function periodOf(device: Device, kind: string, zone: string): Period {
  const [from, to] = [fromCivilKey(router.query.get('from'), zone), fromCivilKey(router.query.get('to'), zone)];
  if (from !== null && to !== null && to - from >= MIN_MS && to - from <= MAX_MS) return { from, to };
  const last = device.archives.find((one) => one.kind === kind)?.last_end;
  const now = serverNow();
  const newest = ending(now, firstSpan(kind), zone, kind);
  // An archive that ended long ago is shown where it ended, not as an empty week.
  return last && Date.parse(last) <= newest.from ? ending(Date.parse(last) - 1, firstSpan(kind), zone, kind) : newest;
}
