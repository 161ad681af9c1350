// What of a point is on the screen: the address tells it, rows come when the period needs them.

import { type Archive, emptyArchive, slice } from '../archive/model';
import { type Period, ending, firstSpan } from '../archive/period';
import { bounded, MAX_MS, MIN_MS } from '../archive/view.svelte';
import { DAY_MS, civilKey, fromCivilKey } from '../format/zone';
import { serverNow } from '../live/clock.svelte';
import { Load } from '../live/load.svelte';
import { router } from '../router.svelte';
import { type Part, type Point, points } from './api';
import { type Against, against, lay, other } from './compare';
import { type PointData, decode } from './decode';

/** Hours are drawn as they are up to a year; of a longer period the days are shown. */
const RAW_MS = 372 * DAY_MS;
/** Steps of zoom that are remembered. */
const MAX_BACK = 20;

interface Read extends Part {
  point: number;
}

const covers = (read: Read | null, wanted: Read): boolean =>
  read !== null && read.point === wanted.point && read.kind === wanted.kind && read.from <= wanted.from && read.to >= wanted.to;

export class PointView {
  readonly #point: () => Point;
  readonly load = new Load<PointData>();
  readonly under = new Load<PointData>();
  #read: Read | null = null;
  #readUnder: Read | null = null;
  /** Periods to go back to by a double click. */
  #before: Period[] = [];

  readonly zone = $derived.by(() => this.#point().time_zone);
  /** The archive that was asked for. */
  readonly asked = $derived.by(() => router.query.get('kind') ?? firstKind(this.#point()));
  readonly period = $derived.by((): Period => periodOf(this.#point(), this.asked, this.zone));
  /** The archive that is shown. */
  readonly kind = $derived.by(() => (this.asked === 'hourly' && this.period.to - this.period.from > RAW_MS ? 'daily' : this.asked));
  readonly whole = $derived(this.load.data?.archive ?? emptyArchive());
  /** What of it begins within the period. */
  readonly seen = $derived(slice(this.whole, this.period.from, this.period.to));
  /** Names of the columns that are not shown. */
  readonly hidden = $derived.by((): ReadonlySet<string> => new Set((router.query.get('hide') ?? '').split(',').filter(Boolean)));
  /** Places of those that are. */
  readonly places = $derived(this.whole.columns.flatMap((column, place) => (this.hidden.has(column.id) ? [] : [place])));
  /** What the table, the files and the copies have. */
  readonly table = $derived(narrow(this.seen, this.places));
  /** Keys of their series; empty: all. */
  readonly series = $derived(this.hidden.size > 0 ? this.places.flatMap((place) => this.load.data?.series[place] ?? []) : []);
  readonly against = $derived.by((): Against | null => against(router.query.get('cmp')));
  readonly otherPeriod = $derived(this.against ? other(this.against, this.period, this.kind, this.zone) : null);
  readonly byMs = $derived(this.otherPeriod ? this.period.from - this.otherPeriod.from : 0);

  constructor(point: () => Point) {
    this.#point = point;
  }

  /** The archive as it is drawn, with what is laid under it. */
  drawn(name: string) {
    const under = this.under.data;
    return this.against && under ? lay(this.whole, under.archive, this.byMs, name) : this.whole;
  }

  /** Reads the period unless what is here covers it. `again` reads it in any case. */
  async ensure(again = false): Promise<void> {
    const wanted: Read = { point: this.#point().id, kind: this.kind, ...this.period };
    const read = this.#read;
    if (covers(read, wanted) && !again) return;
    if (read?.kind !== wanted.kind) this.load.reset();
    const reads = covers(read, wanted) && read ? read : wanted;
    this.#read = reads;
    const got = await this.load.run(async (signal) => decode(await points.archive(reads.point, reads, signal)));
    if (!got && this.#read === reads && this.load.error) this.#read = null;
  }

  /** The same of what is compared with. */
  async ensureUnder(): Promise<void> {
    const [of, period] = [this.against, this.otherPeriod];
    if (!of || !period) {
      this.#readUnder = null;
      this.under.reset();
      return;
    }
    const wanted: Read = { point: of.what === 'point' ? of.point : this.#point().id, kind: this.kind, ...period };
    if (covers(this.#readUnder, wanted)) return;
    this.#readUnder = wanted;
    const got = await this.under.run(async (signal) => decode(await points.archive(wanted.point, wanted, signal)));
    if (!got && this.#readUnder === wanted && this.under.error) this.#readUnder = null;
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

/** Some of the columns. */
function narrow(archive: Archive, places: readonly number[]): Archive {
  if (places.length === archive.columns.length) return archive;
  const back = new Map(places.map((place, to) => [place, to]));
  const rows = archive.rows.map((row) => ({
    ...row,
    values: places.map((place) => row.values[place] ?? null),
    marks: new Map([...row.marks].flatMap(([place, mark]) => {
      const to = back.get(place);
      return to === undefined ? [] : [[to, mark] as const];
    })),
    conditions: row.conditions.map((one) => ({ ...one, column: one.column === null ? null : (back.get(one.column) ?? null) })),
  }));
  return { ...archive, columns: places.flatMap((place) => archive.columns[place] ?? []), rows };
}

function firstKind(point: Point): string {
  return point.archives.find((one) => one.kind === 'hourly')?.kind ?? point.archives.find((one) => one.kind !== 'current')?.kind ?? 'hourly';
}

function periodOf(point: Point, kind: string, zone: string): Period {
  const [from, to] = [fromCivilKey(router.query.get('from'), zone), fromCivilKey(router.query.get('to'), zone)];
  if (from !== null && to !== null && to - from >= MIN_MS && to - from <= MAX_MS) return { from, to };
  const last = point.archives.find((one) => one.kind === kind)?.last_end;
  const newest = ending(serverNow(), firstSpan(kind), zone, kind);
  // An archive that ended long ago is shown where it ended, not as an empty week.
  return last && Date.parse(last) <= newest.from ? ending(Date.parse(last) - 1, firstSpan(kind), zone, kind) : newest;
}
