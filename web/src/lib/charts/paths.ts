// How sums are drawn: as what they are, an amount over an interval. uPlot's own bars know only points.

import type uPlot from 'uplot';
import type { Shape } from '../archive/shape';

/** Narrower bars than this run together; they then touch. */
const GAP_FROM_PX = 4;

/** Bars from zero over their intervals. */
export const barsOver = (shape: Shape): uPlot.Series.PathBuilder => (u, series, first, last) => {
  const fill = new Path2D();
  const ys = u.data[series] ?? [];
  const zero = u.valToPos(0, 'y', true);
  for (let i = first; i <= last; i += 1) {
    const y = ys[i];
    if (y === null || y === undefined) continue;
    const left = u.valToPos(shape.starts[i] ?? 0, 'x', true);
    const right = u.valToPos(shape.ends[i] ?? 0, 'x', true);
    const gap = right - left >= GAP_FROM_PX ? 1 : 0;
    const top = u.valToPos(y, 'y', true);
    fill.rect(left, Math.min(top, zero), Math.max(1, right - left - gap), Math.max(0.5, Math.abs(zero - top)));
  }
  return { stroke: null, fill, clip: null, band: null, gaps: [], flags: 0 };
};

/**
 * The tops of the bars only, joined where intervals touch: for panes where the bars of several pipes would hide
 * one another, and for totals, which hold until the next one.
 */
export const topsOver = (shape: Shape): uPlot.Series.PathBuilder => (u, series, first, last) => {
  const stroke = new Path2D();
  const ys = u.data[series] ?? [];
  let end = Number.NaN;
  for (let i = first; i <= last; i += 1) {
    const y = ys[i];
    if (y === null || y === undefined) {
      end = Number.NaN;
      continue;
    }
    const [from, to] = [shape.starts[i] ?? 0, shape.ends[i] ?? 0];
    const top = u.valToPos(y, 'y', true);
    const left = u.valToPos(from, 'x', true);
    if (from === end) stroke.lineTo(left, top);
    else stroke.moveTo(left, top);
    stroke.lineTo(u.valToPos(to, 'x', true), top);
    end = to;
  }
  return { stroke, fill: null, clip: null, band: null, gaps: [], flags: 0 };
};

/** Totals read at moments: each holds until the next reading. */
export const stepsOver = (shape: Shape): uPlot.Series.PathBuilder => (u, series, first, last) => {
  const stroke = new Path2D();
  const ys = u.data[series] ?? [];
  let open = false;
  let before = 0;
  for (let i = first; i <= last; i += 1) {
    const y = ys[i];
    if (y === null || y === undefined) {
      open = false;
      continue;
    }
    const x = u.valToPos(shape.ends[i] ?? 0, 'x', true);
    const top = u.valToPos(y, 'y', true);
    if (open) {
      stroke.lineTo(x, before);
      stroke.lineTo(x, top);
    } else {
      stroke.moveTo(x, top);
      stroke.lineTo(x + 1, top);
    }
    [open, before] = [true, top];
  }
  return { stroke, fill: null, clip: null, band: null, gaps: [], flags: 0 };
};
