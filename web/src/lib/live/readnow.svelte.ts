// "Read now": asks the server, follows the session that comes of it, and says how it ended.

import { ApiError, api } from '../api/client';
import type { Live, SessionBrief } from '../api/types';
import { duration, span, time } from '../format/time';
import { i18n, t, word } from '../i18n/index.svelte';
import { plainly } from '../refusals/told';
import { outcomeFigure } from '../words/outcome';
import { serverNow } from './clock.svelte';
import { devices } from './devices.svelte';
import { running } from './running.svelte';
import { stream } from './stream.svelte';
import { toasts } from './toasts.svelte';

interface Reading {
  device: number;
  name: string;
  toast: number;
  /** Sessions up to this one are older than the wish. */
  after: number;
  session: number | null;
}

const readings = new Map<number, Reading>();
let busy = $state.raw<ReadonlySet<number>>(new Set());

function mark(): void {
  busy = new Set(readings.keys());
}

function cancel(session: number): void {
  api.cancel(session).then(
    () => toasts.say({ figure: 'off', title: t().cancelAsked, session }),
    (cause: unknown) => toasts.say({ figure: 'late', title: plainly(cause), failed: true, session }),
  );
}

function progress(reading: Reading, live: Live): void {
  const phase = word(t().phase, live.phase);
  const step = live.total > 0 ? t().runningPhase(phase, String(live.done), String(live.total)) : phase;
  const elapsed = span(serverNow() - Date.parse(live.started_at), i18n.lang);
  toasts.change(reading.toast, {
    figure: 'busy', busy: true, title: t().reading(reading.name), text: t().readProgress(step, elapsed),
    session: live.session, action: { word: t().cancel, run: () => cancel(live.session) },
  });
}

async function ended(reading: Reading, session: number): Promise<void> {
  readings.delete(reading.device);
  mark();
  try {
    told(reading, await api.session(session));
  } catch (cause) {
    toasts.change(reading.toast, { figure: 'late', title: t().readFailed(reading.name), text: plainly(cause), failed: true, session });
  }
}

function told(reading: Reading, session: SessionBrief): void {
  const outcome = session.outcome ?? 'interrupted';
  const took = duration(Date.parse(session.ended_at ?? session.started_at) - Date.parse(session.started_at), i18n.lang);
  if (outcome === 'complete') {
    const text = t().readDoneDetail(session.records_added, session.values_added, took);
    toasts.change(reading.toast, { figure: 'ok', title: t().readDone(reading.name), text, session: session.id });
    return;
  }
  const device = devices.items.find((one) => one.id === reading.device);
  const next = device?.next_poll_at ? ` ${t().nextTry(time(Date.parse(device.next_poll_at), device.site.time_zone))}` : '';
  const text = `${word(t().outcome, outcome)}${session.detail ? `: ${session.detail}` : ''}.${next}`;
  toasts.change(reading.toast, { figure: outcomeFigure(outcome), title: t().readFailed(reading.name), text, failed: true, session: session.id });
}

function follow(live: Live): void {
  const reading = readings.get(live.device.id);
  if (!reading || live.session <= reading.after) return;
  reading.session = live.session;
  if (live.ended_at) void ended(reading, live.session);
  else progress(reading, live);
}

/** The stream was gone: what ended meanwhile is found among the device's sessions. */
async function look(): Promise<void> {
  for (const reading of [...readings.values()]) {
    try {
      const { items } = await api.sessions({ device: reading.device, limit: 1 });
      const last = items[0];
      if (last && last.id > reading.after && last.ended_at && readings.has(reading.device)) await ended(reading, last.id);
    } catch {
      // The next catch-up asks again.
    }
  }
}

stream.on('session', follow);
stream.onResync(() => void look());

export const readNow = {
  /** Devices whose reading was asked for here and has not ended. */
  get busy() {
    return busy;
  },
  async start(device: { id: number; name: string; last_session: SessionBrief | null }): Promise<void> {
    if (readings.has(device.id)) return;
    const toast = toasts.say({ figure: 'busy', busy: true, title: t().reading(device.name), text: t().readQueued });
    const after = Math.max(device.last_session?.id ?? 0, running.ofDevice(device.id)?.session ?? 0);
    readings.set(device.id, { device: device.id, name: device.name, toast, after, session: null });
    mark();
    try {
      await api.readNow(device.id, { what: [], from: null, to: null });
    } catch (cause) {
      readings.delete(device.id);
      mark();
      const already = cause instanceof ApiError && cause.code === 'already-reading';
      toasts.change(toast, {
        figure: already ? 'ok' : 'late', title: t().readRefused(device.name), failed: true,
        text: already ? t().alreadyReading : plainly(cause),
        session: already ? cause.session : null,
      });
    }
  },
};
