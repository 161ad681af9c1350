// How a phase of a session ended: `ok`, or a word and behind a colon what exactly.

import type { Outcome, Phase } from '../api/types';
import type { Messages } from '../i18n/messages';
import { outcomeFigure, type Figure } from './outcome';

/** What came of a clock that was to be set, apart from the outcomes of sessions. */
const CLOCK: Record<string, Figure> = { set: 'ok', 'too-soon': 'off', 'near-hour': 'off', 'too-far': 'late', 'not-held': 'drv', failed: 'drv' };

function parts(phase: Phase): [string, string] {
  const colon = phase.outcome.indexOf(': ');
  return colon < 0 ? [phase.outcome, ''] : [phase.outcome.slice(0, colon), phase.outcome.slice(colon)];
}

/** `plain` for a phase of which there is nothing to say. */
export function phaseFigure(phase: Phase): Figure | 'plain' {
  const [end] = parts(phase);
  if (end === 'ok' || (phase.name === 'set-clock' && end === 'set')) return 'plain';
  return (phase.name === 'set-clock' ? CLOCK[end] : undefined) ?? outcomeFigure(end as Outcome);
}

/** Empty for a phase that was done and says no more. */
export function phaseEnd(phase: Phase, t: Messages): string {
  const [end, more] = parts(phase);
  if (end === 'ok') return '';
  const words: Record<string, string> = phase.name === 'set-clock' ? { ...t.outcome, ...t.clockSetting } : t.outcome;
  return `${words[end] ?? end}${more}`;
}
