// Light or dark: the system's choice until the viewer makes one.

import { keep, kept } from './prefs';

type Theme = 'light' | 'dark';
const system = matchMedia('(prefers-color-scheme: dark)');
const given = kept('theme');
let chosen = $state<Theme | null>(given === 'light' || given === 'dark' ? given : null);
let dark = $state(system.matches);

system.addEventListener('change', () => (dark = system.matches));

export const theme = {
  get now(): Theme {
    return chosen ?? (dark ? 'dark' : 'light');
  },
  /** Null follows the system. */
  get chosen(): Theme | null {
    return chosen;
  },
  switch(): void {
    chosen = theme.now === 'dark' ? 'light' : 'dark';
    keep('theme', chosen);
  },
};
