// The archive's picture: one uPlot a pane, one time axis and one cursor for all of them.

import uPlot from 'uplot';
import type { Missing } from '../archive/model';
import type { Pane, PaneLine } from '../archive/panes';
import { type Band, type Shape, lonely } from '../archive/shape';
import { type Colours, colours, faint } from './colours';
import { type Gestures, listen } from './gestures';
import { Lane, type Stage, paintBands, paintGaps, paintLane, paintMark, paintNames, paintNow, paintSpikes, paintTime, paintTitle } from './paint';
import { barsOver, stepsOver, topsOver } from './paths';
import { type Scale, type TimeTicks, scaleOf, stepDecimals, timeTicks, valueTicks } from './ticks';

export interface ChartWords {
  title: (pane: Pane, narrow: boolean) => string;
  /** From the longest to the shortest: the first that has room is painted. */
  band: (band: Band, narrow: boolean) => string[];
  gap: (gap: Missing, narrow: boolean) => string;
  tick: (ms: number, unit: TimeTicks['unit'], narrow: boolean) => string;
  number: (value: number, decimals: number) => string;
  now: string;
}

/** A moment that is marked through all panes, with words. */
export interface ChartMark {
  /** Unix milliseconds. */
  at: number;
  text: string;
}

export interface ChartInput {
  panes: Pane[];
  shape: Shape;
  /** Which y of the shape a column is. */
  yOf: Map<number, number>;
  bands: Band[];
  gaps: Missing[];
  /** Where something else begins: another meter. */
  marks: ChartMark[];
  /** Unix milliseconds. */
  now: number;
  zone: string;
  words: ChartWords;
}

export interface ChartEvents {
  /** Index into the shape; null when the pointer has left. */
  cursor: (index: number | null) => void;
  /** A range in Unix milliseconds was chosen; `done` is false while the hand still moves. */
  range: (from: number, to: number, done: boolean) => void;
  back: () => void;
}

const NARROW_PX = 600;
/** Points are marked one by one below this many in view (ui.md section 6). */
const MARKED = 60;
const LANE_PX = 24;
const TITLE_PX = 22;
const TIME_PX = 24;
/** Room for numbers at the left and names at the right, px: at least, and at most. */
const LEFT_PX: [number, number] = [52, 96];
const RIGHT_PX: [number, number] = [34, 120];
const NARROW_LEFT_PX: [number, number] = [40, 72];
const NARROW_RIGHT_PX: [number, number] = [26, 64];
const GAP_PX = 6;
/** Words above a pane stand this far over it. */
const TITLE_GAP_PX = 7;

/** uPlot remembers what it set on the canvas: what is painted between must leave no trace of its own settings. */
function apart(u: uPlot, paint: () => void): void {
  u.ctx.save();
  paint();
  u.ctx.restore();
}

export class ArchiveChart {
  #plots: uPlot[] = [];
  #input: ChartInput | null = null;
  #view: [number, number] = [0, 1];
  #colours: Colours;
  #key = `archive-${Math.random().toString(36).slice(2)}`;
  #unlisten: (() => void)[] = [];
  #scales: Scale[] = [];
  #fonts = { plain: '', bold: '' };
  #left = LEFT_PX[0];
  #right = RIGHT_PX[0];

  constructor(
    private readonly host: HTMLElement,
    private readonly events: ChartEvents,
  ) {
    this.#colours = colours(host);
  }

  /** Draws anew: other data, panes, words or colours. `from` and `to` in Unix milliseconds. */
  show(input: ChartInput, from: number, to: number): void {
    this.destroy();
    this.#input = input;
    this.#view = [from / 1000, to / 1000];
    this.#colours = colours(this.host);
    const family = getComputedStyle(this.host).fontFamily;
    const px = uPlot.pxRatio;
    this.#fonts = { plain: `${11 * px}px ${family}`, bold: `600 ${11 * px}px ${family}` };
    const width = this.host.clientWidth;
    if (width === 0) return;
    this.#room(input, width < NARROW_PX);
    input.panes.forEach((pane, i) => this.#plots.push(this.#plot(input, pane, i, width)));
    const gestures: Gestures = {
      view: () => this.#view,
      move: (view, done) => this.#moved(view, done),
      point: (plot, left) => plot.setCursor({ left, top: 1 }),
    };
    this.#unlisten = this.#plots.map((plot) => listen(plot, gestures));
  }

  /** Moves the time axis without drawing the data anew. */
  view(from: number, to: number): void {
    this.#view = [from / 1000, to / 1000];
    for (const plot of this.#plots) plot.setScale('x', { min: this.#view[0], max: this.#view[1] });
  }

  /** Puts the readout on a point of the shape; null takes it away. */
  point(index: number | null): void {
    const [plot] = this.#plots;
    const x = index === null ? undefined : this.#input?.shape.x[index];
    if (!plot) return;
    plot.setCursor({ left: x === undefined ? -10 : plot.valToPos(x, 'x'), top: x === undefined ? -10 : 1 });
  }

  /** Index of the point under the readout. */
  get index(): number | null {
    return this.#plots[0]?.cursor.idx ?? null;
  }

  destroy(): void {
    for (const stop of this.#unlisten) stop();
    for (const plot of this.#plots) plot.destroy();
    this.#unlisten = [];
    this.#plots = [];
    this.#scales = [];
  }

  /** All panes stand under one another, so that the widest number and name decide for all. */
  #room(input: ChartInput, narrow: boolean): void {
    const ctx = document.createElement('canvas').getContext('2d');
    if (!ctx) return;
    const widest = (font: string, words: string[]) => {
      ctx.font = font;
      return Math.max(0, ...words.map((text) => ctx.measureText(text).width)) / uPlot.pxRatio;
    };
    const within = ([least, most]: [number, number], px: number) => Math.round(Math.min(most, Math.max(least, px)));
    const lines = input.panes.flatMap((pane) => pane.lines);
    const largest = lines.map((line) => {
      const ys = input.shape.ys[input.yOf.get(line.place) ?? -1] ?? [];
      return input.words.number(-Math.ceil(ys.reduce<number>((most, y) => Math.max(most, Math.abs(y ?? 0)), 0)), 0);
    });
    this.#left = within(narrow ? NARROW_LEFT_PX : LEFT_PX, widest(this.#fonts.plain, largest) + 2 * GAP_PX);
    this.#right = within(narrow ? NARROW_RIGHT_PX : RIGHT_PX, widest(this.#fonts.bold, lines.map((line) => line.name)) + 2 * GAP_PX);
  }

  #moved(view: [number, number], done: boolean): void {
    this.view(view[0] * 1000, view[1] * 1000);
    this.events.range(view[0] * 1000, view[1] * 1000, done);
  }

  #plot(input: ChartInput, pane: Pane, place: number, width: number): uPlot {
    const [first, last] = [place === 0, place === input.panes.length - 1];
    const narrow = width < NARROW_PX;
    const body = pane.drawing === 'line' && pane.lines.length > 1 ? (narrow ? 124 : 150) : narrow ? 66 : 80;
    const top = TITLE_PX + (first ? LANE_PX : 0);
    const data: uPlot.AlignedData = [input.shape.x, ...pane.lines.map((line) => input.shape.ys[input.yOf.get(line.place) ?? -1] ?? [])];
    const options: uPlot.Options = {
      width,
      height: top + body + (last ? TIME_PX : 4),
      padding: [top, this.#right, last ? TIME_PX : 4, 0],
      pxAlign: true,
      legend: { show: false },
      cursor: this.#cursor(),
      scales: {
        x: { time: false, range: () => [this.#view[0], this.#view[1]] },
        y: { range: (u) => this.#range(u, pane, place, body) },
      },
      axes: [{ show: false }, this.#axis(input, place)],
      series: [{}, ...pane.lines.map((line) => this.#series(input, pane, line))],
      hooks: this.#hooks(input, pane, { first, last, narrow }),
    };
    return new uPlot(options, data, this.host);
  }

  #cursor(): uPlot.Cursor {
    return {
      y: false,
      sync: { key: this.#key, scales: ['x', null], setSeries: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      points: {
        size: 7, width: 2, fill: () => this.#colours.surface,
        stroke: (u, i) => {
          const stroke = u.series[i]?.stroke;
          return typeof stroke === 'function' ? (stroke(u, i) as string) : this.#colours.text;
        },
      },
      bind: {
        dblclick: () => () => {
          this.events.back();
          return null;
        },
        // With Shift the hand pans: that is the gestures' own business.
        mousedown: (_u, _target, handler) => (event) => (event.shiftKey ? null : handler(event)),
      },
    };
  }

  #axis(input: ChartInput, place: number): uPlot.Axis {
    return {
      size: this.#left,
      gap: GAP_PX,
      stroke: () => this.#colours.axis,
      font: this.#fonts.plain.replace(/^[\d.]+px/, '11px'),
      grid: { stroke: () => this.#colours.rule, width: 1 },
      ticks: { show: false },
      splits: () => valueTicks(this.#scales[place] ?? { min: 0, max: 1, step: 1 }),
      values: (_u, splits) => {
        const decimals = stepDecimals(this.#scales[place]?.step ?? 1);
        return splits.map((value) => (Math.abs(value) < 1e-12 ? input.words.number(0, 0) : input.words.number(value, decimals)));
      },
    };
  }

  #series(input: ChartInput, pane: Pane, line: PaneLine): uPlot.Series {
    const stroke = () => this.#colour(line);
    if (pane.drawing === 'bars' && pane.lines.length === 1) return { stroke, fill: stroke, width: 0, paths: barsOver(input.shape), points: { show: false } };
    const drawn: uPlot.Series = { stroke, width: line.hue === 'outdoor' || line.ghost ? 1 : 1.6, spanGaps: false };
    if (pane.drawing === 'bars') return { ...drawn, paths: topsOver(input.shape), points: { show: false } };
    if (pane.drawing === 'steps') return { ...drawn, paths: stepsOver(input.shape), points: { show: false } };
    return {
      ...drawn,
      points: {
        show: true, size: 4, width: 0, fill: stroke,
        filter: (u, series) => {
          const [from, to] = u.series[0]?.idxs ?? [0, 0];
          const ys = u.data[series] as (number | null)[];
          if (to - from < MARKED) return Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((i) => ys[i] !== null);
          return lonely(ys, from, to);
        },
      },
    };
  }

  /** What is laid under has the same hue at 45 %. */
  #colour(line: PaneLine): string {
    const colour = this.#colours[line.hue];
    return line.ghost ? faint(colour) : colour;
  }

  #range(u: uPlot, pane: Pane, place: number, bodyPx: number): [number, number] {
    const x = u.data[0];
    const values: number[] = [];
    for (let i = 0; i < x.length; i += 1) {
      const at = x[i] ?? 0;
      if (at < this.#view[0] || at > this.#view[1]) continue;
      for (let s = 1; s < u.data.length; s += 1) {
        const value = u.data[s]?.[i];
        if (value !== null && value !== undefined) values.push(value);
      }
    }
    const scale = scaleOf(values, pane.fromZero, bodyPx >= 120 ? 5 : 3);
    this.#scales[place] = scale;
    return [scale.min, scale.max];
  }

  #hooks(input: ChartInput, pane: Pane, at: { first: boolean; last: boolean; narrow: boolean }): uPlot.Hooks.Arrays {
    const stage = (u: uPlot): Stage => ({ u, ctx: u.ctx, px: uPlot.pxRatio, c: this.#colours, fonts: this.#fonts });
    return {
      drawClear: [(u) => apart(u, () => paintBands(stage(u), input.bands, at.first, at.last))],
      drawAxes: [(u) => apart(u, () => paintGaps(stage(u), input.gaps, at.first, at.last))],
      draw: [(u) => apart(u, () => this.#finish(stage(u), input, pane, at))],
      setCursor: at.first ? [(u) => this.events.cursor(u.cursor.idx ?? null)] : [],
      setSelect: [(u) => this.#selected(u)],
    };
  }

  #finish(s: Stage, input: ChartInput, pane: Pane, at: { first: boolean; last: boolean; narrow: boolean }): void {
    const { words } = input;
    paintTitle(s, words.title(pane, at.narrow));
    if (at.first) {
      const lane = new Lane();
      paintLane(s, lane, input.bands, (band) => words.band(band, at.narrow));
      const under = new Lane(s.u.bbox.top / s.px - TITLE_GAP_PX);
      under.take(s.u.bbox.left, s.ctx.measureText(words.title(pane, at.narrow)).width);
      for (const gap of input.gaps) this.#gapWord(s, under, gap, words.gap(gap, at.narrow));
    }
    paintNames(s, pane.lines.flatMap((line, i) => this.#name(s.u, line, i + 1)));
    paintSpikes(s, this.#spikes(s.u, pane), (value) => words.number(value, pane.lines[0]?.decimals ?? 1));
    paintNow(s, input.now, at.first, at.last, at.narrow ? '' : words.now);
    for (const mark of input.marks) paintMark(s, mark.at, at.first, at.last, at.narrow ? '' : mark.text);
    if (!at.last) return;
    const [from, to] = [this.#view[0] * 1000, this.#view[1] * 1000];
    const ticks = timeTicks(from, to, input.zone, s.u.bbox.width / s.px, at.narrow ? 34 : 80);
    paintTime(s, ticks, to, (ms) => words.tick(ms, ticks.unit, at.narrow));
  }

  #gapWord(s: Stage, lane: Lane, gap: Missing, text: string): void {
    const [from, to] = [Math.max(gap.start / 1000, this.#view[0]), Math.min(gap.end / 1000, this.#view[1])];
    if (to <= from) return;
    lane.place(s, text, s.u.valToPos((from + to) / 2, 'x', true), s.c.label, s.fonts.plain);
  }

  #name(u: uPlot, line: PaneLine, series: number): { text: string; y: number; colour: string }[] {
    const ys = u.data[series] ?? [];
    const [from, to] = u.series[0]?.idxs ?? [0, 0];
    for (let i = to; i >= from; i -= 1) {
      const value = ys[i];
      if (value !== null && value !== undefined) return [{ text: line.name, y: u.valToPos(value, 'y', true), colour: this.#colour(line) }];
    }
    return [];
  }

  #spikes(u: uPlot, pane: Pane): { x: number; value: number; over: boolean; colour: string }[] {
    const [from, to] = u.series[0]?.idxs ?? [0, 0];
    const { min, max } = u.scales.y ?? {};
    if (min === undefined || max === undefined) return [];
    const out: { x: number; value: number; over: boolean; colour: string }[] = [];
    pane.lines.forEach((line, s) => {
      for (let i = from; i <= to; i += 1) {
        const value = u.data[s + 1]?.[i];
        if (value === null || value === undefined || (value <= max && value >= min)) continue;
        out.push({ x: u.data[0][i] ?? 0, value, over: value > max, colour: this.#colours[line.hue] });
      }
    });
    return out;
  }

  #selected(u: uPlot): void {
    if (u.select.width < 6) return;
    const from = u.posToVal(u.select.left, 'x');
    const to = u.posToVal(u.select.left + u.select.width, 'x');
    for (const plot of this.#plots) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (to > from) this.#moved([from, to], true);
  }
}
