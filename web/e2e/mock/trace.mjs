// Traces: a captured conversation with staged times, and the short ones of sessions that failed.

import { readFileSync } from 'node:fs';

const CAPTURED = JSON.parse(readFileSync(new URL('./vkt7_session_captured.json', import.meta.url), 'utf8'));
const NOTES = {
  'session start': ['session start', 'accepted'],
  'write value type': ['select the kind of values', 'accepted'],
  'write read list': ['list of elements to read', 'accepted'],
  'write date': ['date of the record', 'accepted'],
  'read date/time': ['clock of the device?', '2016-12-01 15:50:57, 12 s ahead'],
  'read active list': ['which elements are active?', '17 elements: t1, t2, V, M, P, Mг, Qо, Qг, dt, BНP'],
  'read data': ['read', 'record read: t1 64.48, t2 44.52, M1 3.98, M2 4.02, Qо 0.079 code 02'],
};

/** Where the staged silence and the staged damage stand. */
const SILENT = 12;
const DAMAGED = 15;

function damaged(hex) {
  const at = 36;
  return hex.slice(0, at) + (hex[at] === '0' ? '2' : '0') + hex.slice(at + 1);
}

export function good() {
  const entries = [{ at_ms: 0, kind: 'settings', hex: null, text: '9600 8N1' }];
  let at = 210;
  const add = (kind, hex, text) => entries.push({ at_ms: at, kind, hex, text });
  CAPTURED.exchanges.forEach(([sent, received, op], i) => {
    const [ask, told] = NOTES[op] ?? [op, 'answered'];
    add('sent', sent, null);
    add('note', null, ask);
    if (i === SILENT) {
      at += 5_000;
      add('timeout', null, null);
      add('note', null, 'no answer, retry 1 of 3');
      at += 400;
      add('sent', sent, null);
      add('note', null, `${ask}, retry 1`);
    }
    if (i === DAMAGED) {
      at += 312;
      add('received', damaged(received), null);
      add('note', null, 'checksum is AB 34, computed B4 54; buffer purged, retry 1 of 3');
      at += 400;
      add('sent', sent, null);
      add('note', null, `${ask}, retry 1`);
    }
    at += 168 + ((i * 37) % 120);
    add('received', received, null);
    add('note', null, told);
    if (i === 5) add('log', null, 'info: 17 active elements, reading 15 hours');
    at += 6;
  });
  return { complete: true, entries, exchanges: CAPTURED.exchanges.length + 2, length: at };
}

/** A session of many exchanges, to see that long traces stay fluid. */
export function long(times) {
  const one = good();
  const entries = [];
  for (let i = 0; i < times; i += 1) for (const entry of one.entries) entries.push({ ...entry, at_ms: entry.at_ms + i * one.length });
  return { complete: false, entries };
}

export function silent() {
  const ask = '00033FFE000029FF';
  const entries = [];
  for (let i = 0; i < 3; i += 1) {
    entries.push({ at_ms: 200 + i * 5_400, kind: 'sent', hex: ask, text: null });
    entries.push({ at_ms: 5_200 + i * 5_400, kind: 'timeout', hex: i === 1 ? '00 03' : null, text: null });
  }
  return { complete: true, entries };
}

export function text(trace) {
  return trace.entries.map((one) => {
    if (one.kind === 'sent') return `> ${one.hex}`;
    if (one.kind === 'received') return `< ${one.hex}`;
    return `# ${one.at_ms} ms ${one.kind} ${one.text ?? ''}`.trimEnd();
  }).join('\n') + '\n';
}
