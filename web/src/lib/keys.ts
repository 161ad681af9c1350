// Keys of the whole client. By `code`, so that they work in both layouts; off while typing (ui.md section 12).

export type KeyHandler = (event: KeyboardEvent) => void;

/** Presses of a chord (`g` then a letter) follow within this time. */
const CHORD_MS = 1_200;

const page = new Map<string, KeyHandler>();
const chords = new Map<string, KeyHandler>();
let chordAt = 0;

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));

/** The name under which a key is bound: its code without `Key`, `?` for the shifted slash. */
function nameOf(event: KeyboardEvent): string {
  if (event.code === 'Slash' || event.key === '/' || event.key === '?') return event.shiftKey || event.key === '?' ? '?' : '/';
  if (event.code === 'BracketLeft') return '[';
  if (event.code === 'BracketRight') return ']';
  return event.code.replace(/^Key|^Digit|^Numpad(?=\d)/, '').toLowerCase();
}

function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const name = nameOf(event);
  if (typing(event.target) && name !== 'escape') return;
  if (document.querySelector('dialog[open]') && name !== 'escape') return;
  const chord = Date.now() - chordAt < CHORD_MS ? chords.get(name) : undefined;
  chordAt = name === 'g' ? Date.now() : 0;
  const handler = chord ?? page.get(name);
  if (!handler) return;
  event.preventDefault();
  handler(event);
}

export const keys = {
  start: (): void => addEventListener('keydown', press),
  /** Returns what takes the binding away. */
  on(name: string, handler: KeyHandler): () => void {
    page.set(name, handler);
    return () => {
      if (page.get(name) === handler) page.delete(name);
    };
  },
  chord(name: string, handler: KeyHandler): void {
    chords.set(name, handler);
  },
};
