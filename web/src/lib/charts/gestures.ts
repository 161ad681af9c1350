// Hands on the chart: Shift+drag and the sideways wheel pan; one finger reads, two fingers zoom and pan.

import type uPlot from 'uplot';

export interface Gestures {
  /** What is seen, Unix seconds. */
  view: () => [number, number];
  /** `done` is false while the hand still moves. */
  move: (view: [number, number], done: boolean) => void;
  /** Readout at a place of the plot, CSS pixels. */
  point: (plot: uPlot, leftPx: number) => void;
}

/** A wheel has no end: this long without a turn is one. */
const WHEEL_MS = 200;

/** Returns what takes the listeners away again. */
export function listen(plot: uPlot, gestures: Gestures): () => void {
  const stop = new AbortController();
  const over = plot.over;
  const options = { signal: stop.signal };
  const touches = new Map<number, number>();
  let grip: { view: [number, number]; at: number; apart: number } | null = null;
  let wheel: ReturnType<typeof setTimeout> | undefined;
  const leftOf = (event: PointerEvent) => event.clientX - over.getBoundingClientRect().left;
  const perPx = (view: [number, number]) => (view[1] - view[0]) / Math.max(1, over.clientWidth);

  const hold = () => {
    const [a = 0, b = a] = [...touches.values()];
    grip = { view: gestures.view(), at: (a + b) / 2, apart: Math.abs(a - b) };
  };

  over.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && !event.shiftKey) return;
    touches.set(event.pointerId, leftOf(event));
    over.setPointerCapture(event.pointerId);
    if (event.pointerType === 'mouse' || touches.size === 2) hold();
    else gestures.point(plot, leftOf(event));
  }, options);

  over.addEventListener('pointermove', (event) => {
    if (!touches.has(event.pointerId)) return;
    touches.set(event.pointerId, leftOf(event));
    if (grip) gestures.move(moved(grip, [...touches.values()], perPx), false);
    else gestures.point(plot, leftOf(event));
  }, options);

  const release = (event: PointerEvent) => {
    if (!touches.delete(event.pointerId) || !grip) return;
    grip = null;
    gestures.move(gestures.view(), true);
  };
  over.addEventListener('pointerup', release, options);
  over.addEventListener('pointercancel', release, options);

  over.addEventListener('wheel', (event) => {
    const by = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.shiftKey ? event.deltaY : 0;
    if (by === 0) return;
    event.preventDefault();
    const view = gestures.view();
    const shift = by * perPx(view);
    gestures.move([view[0] + shift, view[1] + shift], false);
    clearTimeout(wheel);
    wheel = setTimeout(() => gestures.move(gestures.view(), true), WHEEL_MS);
  }, { ...options, passive: false });

  return () => {
    clearTimeout(wheel);
    stop.abort();
  };
}

/** Where the view goes when the fingers that gripped it stand elsewhere now. */
function moved(
  grip: { view: [number, number]; at: number; apart: number },
  fingers: number[],
  perPx: (view: [number, number]) => number,
): [number, number] {
  const [a = 0, b = a] = fingers;
  const unit = perPx(grip.view);
  const zoom = fingers.length > 1 && grip.apart > 0 ? grip.apart / Math.max(20, Math.abs(a - b)) : 1;
  const fixed = grip.view[0] + grip.at * unit;
  const start = fixed - ((a + b) / 2) * unit * zoom;
  return [start, start + (grip.view[1] - grip.view[0]) * zoom];
}
