// Rows of a list that scrolls with the page or in its own box: which of them to draw now.

import { type Drawn, drawn, offsets, rowAt } from './virtual';

export class Windowed {
  /** The element whose content is the list; its top is where row 0 begins. */
  list = $state<HTMLElement | null>(null);
  /** The box that scrolls; null when the page does. */
  box = $state<HTMLElement | null>(null);
  #top = $state(0);
  #view = $state(800);
  /** Reading it in a template follows the scrolling. */
  readonly rows: () => Drawn;

  /** `count` and `rowPx` are read anew when what they depend on changes. */
  constructor(count: () => number, rowPx: (index: number) => number, readonly headPx = 0) {
    const starts = $derived(offsets(count(), rowPx));
    this.rows = () => drawn(starts, this.#top, this.#view);
    this.startOf = (index) => starts[index] ?? 0;
    this.firstSeen = () => rowAt(starts, this.#top);
    $effect(() => {
      const { list, box } = this;
      if (!list) return undefined;
      const measure = () => {
        this.#top = box ? box.scrollTop : Math.max(0, -list.getBoundingClientRect().top);
        this.#view = box ? box.clientHeight : innerHeight;
      };
      measure();
      const source: EventTarget = box ?? window;
      source.addEventListener('scroll', measure, { passive: true });
      const observer = new ResizeObserver(measure);
      observer.observe(box ?? document.documentElement);
      return () => {
        source.removeEventListener('scroll', measure);
        observer.disconnect();
      };
    });
  }

  /** Where a row begins, px from the start of the list. */
  readonly startOf: (index: number) => number;
  /** The first row at least partly in view. */
  readonly firstSeen: () => number;

  /** Scrolls as little as it takes to have the row in view. */
  show(index: number): void {
    const [from, to] = [this.startOf(index), this.startOf(index + 1)];
    if (this.box) {
      const room = this.box.clientHeight - this.headPx;
      if (from < this.box.scrollTop) this.box.scrollTop = from;
      else if (to > this.box.scrollTop + room) this.box.scrollTop = to - room;
    } else if (this.list) {
      const top = this.list.getBoundingClientRect().top;
      if (top + from < 60) scrollBy(0, top + from - 60);
      else if (top + to > innerHeight - 60) scrollBy(0, top + to - innerHeight + 60);
    }
  }
}
