// What is painted around the lines of a pane: НС bands and their lane, gaps, titles, names, time labels.
// All positions are canvas pixels; `px` is how many of them one CSS pixel has.

import type uPlot from 'uplot';
import type { Missing } from '../archive/model';
import type { Band } from '../archive/shape';
import type { Colours } from './colours';
import type { TimeTicks } from './ticks';

export interface Stage {
  u: uPlot;
  ctx: CanvasRenderingContext2D;
  px: number;
  c: Colours;
  fonts: { plain: string; bold: string };
}

const LANE_TOP = 17;
const LANE_HEIGHT = 4;
const LANE_TEXT = 13;

const xOf = (s: Stage, ms: number): number => {
  const { left, width } = s.u.bbox;
  return Math.min(left + width, Math.max(left, s.u.valToPos(ms / 1000, 'x', true)));
};

/** 9 % of the НС colour over the interval, through the whole pane. */
export function paintBands(s: Stage, bands: readonly Band[], first: boolean, last: boolean): void {
  const { top, height } = s.u.bbox;
  const from = first ? (LANE_TOP + LANE_HEIGHT) * s.px : 0;
  const to = last ? top + height : s.ctx.canvas.height;
  s.ctx.globalAlpha = 0.09;
  s.ctx.fillStyle = s.c.ns;
  for (const band of bands) {
    const [a, b] = [xOf(s, band.start), xOf(s, band.end)];
    if (b > a) s.ctx.fillRect(a, from, b - a, to - from);
  }
}

/** Stretches of the lane that hold words already: a word that does not fit is left out, its bar is not. */
export class Lane {
  #taken: [number, number][] = [];

  /** `basePx` is where the words stand, CSS pixels from the top. */
  constructor(private readonly basePx = LANE_TEXT) {}

  /** Room that something else has. */
  take(from: number, width: number): void {
    this.#taken.push([from, from + width]);
  }

  /** Whether the word had room. */
  place(s: Stage, text: string, centre: number, colour: string, font: string): boolean {
    s.ctx.font = font;
    const width = s.ctx.measureText(text).width;
    const { left, width: plot } = s.u.bbox;
    const from = Math.min(left + plot - width, Math.max(left, centre - width / 2));
    const room = 6 * s.px;
    if (width > plot || this.#taken.some(([a, b]) => from < b + room && from + width > a - room)) return false;
    this.#taken.push([from, from + width]);
    s.ctx.fillStyle = colour;
    s.ctx.textAlign = 'left';
    s.ctx.textBaseline = 'alphabetic';
    s.ctx.fillText(text, from, this.basePx * s.px);
    return true;
  }
}

export function paintLane(s: Stage, lane: Lane, bands: readonly Band[], words: (band: Band) => string[]): void {
  // The longest first: when words do not fit, the small ones go.
  const seen = bands.filter((band) => xOf(s, band.end) > xOf(s, band.start)).sort((a, b) => b.end - b.start - (a.end - a.start));
  for (const band of seen) {
    const [a, b] = [xOf(s, band.start), xOf(s, band.end)];
    s.ctx.fillStyle = s.c.ns;
    s.ctx.fillRect(a, LANE_TOP * s.px, Math.max(3 * s.px, b - a), LANE_HEIGHT * s.px);
    words(band).some((text) => lane.place(s, text, (a + b) / 2, s.c.ns, s.fonts.bold));
  }
}

function hatch(s: Stage): CanvasPattern | null {
  const size = Math.round(5 * s.px);
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const ctx = tile.getContext('2d');
  if (!ctx) return null;
  ctx.strokeStyle = s.c.ctl;
  ctx.globalAlpha = 0.7;
  ctx.lineWidth = s.px;
  ctx.beginPath();
  // Corners are drawn twice so that the tiles join into one 45 degree line.
  for (const by of [-size, 0, size]) {
    ctx.moveTo(by, size);
    ctx.lineTo(by + size, 0);
  }
  ctx.stroke();
  return s.ctx.createPattern(tile, 'repeat');
}

export function paintGaps(s: Stage, gaps: readonly Missing[], first: boolean, last: boolean): void {
  const { top, height } = s.u.bbox;
  const from = first ? top : 0;
  const to = last ? top + height : s.ctx.canvas.height;
  const pattern = hatch(s);
  if (!pattern) return;
  s.ctx.fillStyle = pattern;
  for (const gap of gaps) {
    const { min = 0, max = 0 } = s.u.scales.x ?? {};
    if (gap.end / 1000 <= min || gap.start / 1000 >= max) continue;
    const [a, b] = [xOf(s, gap.start), xOf(s, gap.end)];
    // A short gap in a long period stays visible.
    s.ctx.fillRect(a, from, Math.max(2 * s.px, b - a), to - from);
  }
}

export function paintTitle(s: Stage, text: string): void {
  s.ctx.font = s.fonts.plain;
  s.ctx.fillStyle = s.c.label;
  s.ctx.textAlign = 'left';
  s.ctx.textBaseline = 'alphabetic';
  s.ctx.fillText(text, s.u.bbox.left, s.u.bbox.top - 7 * s.px);
}

/** Names at the right ends of the lines, moved apart where they would cover one another. */
export function paintNames(s: Stage, names: { text: string; y: number; colour: string }[]): void {
  const line = 12 * s.px;
  const { left, width, top, height } = s.u.bbox;
  let above = -Infinity;
  s.ctx.font = s.fonts.bold;
  s.ctx.textAlign = 'left';
  s.ctx.textBaseline = 'middle';
  for (const name of [...names].sort((a, b) => a.y - b.y)) {
    const y = Math.max(Math.min(top + height, Math.max(top, name.y)), above + line);
    above = y;
    s.ctx.fillStyle = name.colour;
    s.ctx.fillText(name.text, left + width + 4 * s.px, y);
  }
}

export function paintTime(s: Stage, ticks: TimeTicks, to: number, label: (ms: number) => string): void {
  const { left, width, top, height } = s.u.bbox;
  const bottom = top + height;
  s.ctx.strokeStyle = s.c.rule;
  s.ctx.lineWidth = s.px;
  s.ctx.fillStyle = s.c.axis;
  s.ctx.font = s.fonts.plain;
  s.ctx.textAlign = 'center';
  s.ctx.textBaseline = 'alphabetic';
  ticks.at.forEach((tick, i) => {
    const x = xOf(s, tick);
    s.ctx.beginPath();
    s.ctx.moveTo(Math.round(x), bottom);
    s.ctx.lineTo(Math.round(x), bottom + 5 * s.px);
    s.ctx.stroke();
    const at = ticks.centred ? (x + xOf(s, ticks.at[i + 1] ?? to)) / 2 : x;
    const text = label(tick);
    const half = s.ctx.measureText(text).width / 2;
    const fits = ticks.centred ? xOf(s, ticks.at[i + 1] ?? to) - x > half * 2 : at + half < left + width + 24 * s.px;
    if (fits) s.ctx.fillText(text, at, bottom + 16 * s.px);
  });
}

export function paintNow(s: Stage, ms: number, first: boolean, last: boolean, text: string): void {
  const x = s.u.valToPos(ms / 1000, 'x', true);
  const { left, width, top, height } = s.u.bbox;
  if (x < left || x > left + width) return;
  s.ctx.strokeStyle = s.c.ctl;
  s.ctx.lineWidth = s.px;
  s.ctx.beginPath();
  s.ctx.moveTo(Math.round(x), first ? top : 0);
  s.ctx.lineTo(Math.round(x), top + height);
  s.ctx.stroke();
  if (!last) return;
  s.ctx.font = s.fonts.plain;
  s.ctx.fillStyle = s.c.axis;
  const wide = s.ctx.measureText(text).width;
  // To the left the word would stand among the data.
  if (x + wide + 3 * s.px > s.ctx.canvas.width) return;
  s.ctx.textAlign = 'left';
  s.ctx.textBaseline = 'alphabetic';
  s.ctx.fillText(text, x + 3 * s.px, top + height - 3 * s.px);
}

/** A rule through all panes where something else begins; the words stand to its right, over the time axis. */
export function paintMark(s: Stage, ms: number, first: boolean, last: boolean, text: string): void {
  const x = s.u.valToPos(ms / 1000, 'x', true);
  const { left, width, top, height } = s.u.bbox;
  if (x < left || x > left + width) return;
  s.ctx.strokeStyle = s.c.label;
  s.ctx.lineWidth = 2 * s.px;
  s.ctx.beginPath();
  s.ctx.moveTo(Math.round(x), first ? top : 0);
  s.ctx.lineTo(Math.round(x), last ? top + height : s.ctx.canvas.height);
  s.ctx.stroke();
  if (!first || !text) return;
  s.ctx.font = s.fonts.bold;
  s.ctx.fillStyle = s.c.label;
  s.ctx.textBaseline = 'alphabetic';
  const wide = s.ctx.measureText(text).width;
  const fits = x + wide + 4 * s.px < left + width;
  s.ctx.textAlign = fits ? 'left' : 'right';
  s.ctx.fillText(text, x + (fits ? 4 : -4) * s.px, top + 11 * s.px);
}

/** More spikes than these would be a pattern, not spikes. */
const MAX_SPIKES = 5;

/** Values beyond the scale: a mark at the edge and the number. */
export function paintSpikes(s: Stage, spikes: { x: number; value: number; over: boolean; colour: string }[], word: (value: number) => string): void {
  const { top, height } = s.u.bbox;
  const worst = [...spikes].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, MAX_SPIKES);
  s.ctx.font = s.fonts.bold;
  s.ctx.textBaseline = 'middle';
  s.ctx.textAlign = 'left';
  for (const spike of worst) {
    const x = s.u.valToPos(spike.x, 'x', true);
    const [edge, by] = spike.over ? [top, 6 * s.px] : [top + height, -6 * s.px];
    s.ctx.fillStyle = spike.colour;
    s.ctx.beginPath();
    s.ctx.moveTo(x, edge);
    s.ctx.lineTo(x - 4 * s.px, edge + by);
    s.ctx.lineTo(x + 4 * s.px, edge + by);
    s.ctx.fill();
    // The number may stand over its own line: an edge of the ground keeps it readable.
    s.ctx.strokeStyle = s.c.surface;
    s.ctx.lineWidth = 4 * s.px;
    s.ctx.strokeText(word(spike.value), x + 7 * s.px, edge + by);
    s.ctx.fillText(word(spike.value), x + 7 * s.px, edge + by);
  }
}
