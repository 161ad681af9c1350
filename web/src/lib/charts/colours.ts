// A canvas cannot read `light-dark()`: colours are resolved through an element's computed style.

import type { Hue } from '../archive/panes';

const TOKENS = {
  text: '--text', label: '--text-2', axis: '--text-3', rule: '--line', ctl: '--ctl', surface: '--surface', ns: '--st-ns',
  supply: '--c-supply', return: '--c-return', heat: '--c-heat', outdoor: '--c-outdoor',
} as const;

export type Colours = Record<keyof typeof TOKENS, string> & Record<Hue, string>;

export function colours(host: HTMLElement): Colours {
  const probe = document.createElement('i');
  probe.hidden = true;
  host.append(probe);
  const out = {} as Colours;
  for (const [name, token] of Object.entries(TOKENS)) {
    probe.style.color = `var(${token})`;
    out[name as keyof typeof TOKENS] = getComputedStyle(probe).color;
  }
  probe.remove();
  return out;
}

/** The same colour at 45 %: what is laid under. */
export function faint(colour: string): string {
  const [red = '0', green = '0', blue = '0'] = colour.match(/[\d.]+/g) ?? [];
  return `rgba(${red}, ${green}, ${blue}, 0.45)`;
}
