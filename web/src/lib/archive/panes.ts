// Which columns are drawn, in which pane, and how: one pane per quantity and unit; make-up and hot-water
// pipes in panes of their own (ui.md section 6).

import type { Column } from '../api/types';
import { ghostOf } from '../point/compare';

/** `line` for means and moments, `bars` for sums over the interval, `steps` for running totals. */
export type Drawing = 'line' | 'bars' | 'steps';
export type Hue = 'supply' | 'return' | 'heat' | 'outdoor';

export interface PaneLine {
  /** Place of the column in the archive. */
  place: number;
  name: string;
  hue: Hue;
  decimals: number | null;
  /** Drawn faintly: another period or point, laid under. */
  ghost: boolean;
}

export interface Pane {
  key: string;
  quantity: string;
  unit: string;
  /** Pipe whose pane it is, where that is not the main pair. */
  pipe: string | null;
  drawing: Drawing;
  /** Scale starts at 0. */
  fromZero: boolean;
  lines: PaneLine[];
}

/** Panes stand in this order; what is not named comes after them. */
const ORDER = [
  'temperature', 'temperature-difference', 'mass-flow', 'volume-flow', 'mass', 'volume', 'pressure', 'power', 'heat-energy', 'energy',
];
/** Shown before anybody chose: what a heat bill is made of. */
const USUAL = ['temperature', 'mass', 'heat-energy', 'energy'];
/** Scales that are told by their data: a zero there means nothing. */
const FREE = ['temperature', 'temperature-difference', 'pressure', 'voltage', 'frequency', 'humidity'];
/** More panes than these are not a picture any more; the table has all. */
const MAX_PANES = 24;

const NEVER_DRAWN = new Set(['state']);
const OWN_PANE = new Set(['makeup', 'dhw', 'dhw-circulation', 'cold', 'third']);

function drawing(aggregate: string): Drawing {
  if (aggregate === 'sum' || aggregate === 'duration') return 'bars';
  return aggregate === 'total' ? 'steps' : 'line';
}

function hue(column: Column): Hue {
  if (column.pipe === 'supply' || column.pipe === 'dhw') return 'supply';
  if (column.pipe === 'return' || column.pipe === 'dhw-circulation') return 'return';
  if (column.pipe === 'air') return 'outdoor';
  return column.pipe === null ? 'heat' : 'supply';
}

function paneKey(column: Column): [key: string, pipe: string | null] {
  const pipe = column.pipe && OWN_PANE.has(column.pipe) ? (column.pipe === 'dhw-circulation' ? 'dhw' : column.pipe) : null;
  const parts = [column.quantity, column.unit, drawing(column.aggregate), pipe ?? ''];
  return [parts.join('.'), pipe];
}

/** `numeric` tells whether a column holds numbers at all. */
export function panesOf(columns: readonly Column[], numeric: (place: number) => boolean): Pane[] {
  const panes = new Map<string, Pane>();
  columns.forEach((column, place) => {
    if (NEVER_DRAWN.has(column.aggregate) || !numeric(place)) return;
    const [key, pipe] = paneKey(column);
    let pane = panes.get(key);
    if (!pane) {
      pane = {
        key, quantity: column.quantity, unit: column.unit, pipe, drawing: drawing(column.aggregate),
        fromZero: !FREE.includes(column.quantity) && drawing(column.aggregate) !== 'steps', lines: [],
      };
      panes.set(key, pane);
    }
    pane.lines.push({ place, name: column.id, hue: hue(column), decimals: column.decimals, ghost: ghostOf(column) !== null });
  });
  const rank = (pane: Pane) => (ORDER.includes(pane.quantity) ? ORDER.indexOf(pane.quantity) : ORDER.length) + (pane.pipe ? 0.5 : 0);
  return [...panes.values()].sort((a, b) => rank(a) - rank(b)).slice(0, MAX_PANES);
}

/** The panes shown when the address names none. */
export function usualPanes(panes: readonly Pane[]): string[] {
  const usual = panes.filter((pane) => USUAL.includes(pane.quantity) && !pane.pipe);
  const hasMass = usual.some((pane) => pane.quantity === 'mass');
  const flow = hasMass ? undefined : panes.find((pane) => ['volume', 'mass-flow', 'volume-flow'].includes(pane.quantity));
  const chosen = flow ? [...usual, flow] : usual;
  return (chosen.length ? chosen : panes.slice(0, 3)).map((pane) => pane.key);
}
