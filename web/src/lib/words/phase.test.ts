import { expect, test } from 'vitest';
import type { Phase } from '../api/types';
import { en } from '../i18n/en';
import { phaseEnd, phaseFigure } from './phase';

const phase = (name: string, outcome: string): Phase => ({ name, outcome, started_ms: 0, ended_ms: 1, records: 0 });

test('a phase is shown by its word, with what exactly behind it', () => {
  const cases: [Phase, string, string][] = [
    [phase('clock', 'ok'), 'plain', ''],
    [phase('hourly', 'no-answer: silent'), 'link', `${en.outcome['no-answer']}: silent`],
    [phase('set-clock', 'set: +90.0 s before, +0.2 s after'), 'plain', `${en.clockSetting.set}: +90.0 s before, +0.2 s after`],
    [phase('set-clock', 'too-far: 15 min'), 'late', `${en.clockSetting['too-far']}: 15 min`],
    [phase('set-clock', 'unsupported: no such interface'), 'drv', `${en.clockSetting.unsupported}: no such interface`],
    [phase('set-clock', 'a-new-word'), 'late', 'a-new-word'],
  ];
  for (const [given, figure, end] of cases) expect([phaseFigure(given), phaseEnd(given, en)], given.outcome).toEqual([figure, end]);
});
