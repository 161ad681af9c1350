// Made-up versions of drivers in every state a page has to show.

import { DIGEST } from './fleet.mjs';

const HOUR = 3_600_000;
const iso = (ms) => new Date(ms).toISOString();
const digest = (n) => `${n}d20${'5c07e3a8'.repeat(8)}`.slice(0, 64);
const MERCURY = 'e3a8010293847566aabbccddeeff00112233445566778899aabbccddeeff5c07';

const clean = { is_clean: true, sessions: 412, devices: 31, records: 6_180, differing: 0, asked_otherwise: 0, unusable: 2, differences: [], values: [] };

function dirty(devices, now) {
  const values = devices.slice(0, 12).flatMap((device, i) => [3, 9].map((hours) => ({
    session: device.id * 100 + 99, device: { id: device.id, name: device.name }, archive: 'hourly', starts_at: iso(Math.floor(now / HOUR) * HOUR - (hours + i) * HOUR),
    column: 'M2', stored: hours === 9 && i === 1 ? null : String(3.91 + i), given: String(39.1 + i),
  })));
  return { ...clean, is_clean: false, differing: 12, asked_otherwise: 1, values, differences: ['session 1199: hourly 2026-11-20T07:00:00Z: M2 was 3.91, is 39.1'] };
}

/** The newest first. */
export function versions(devices, now) {
  const of = (version, state, hours, more = {}) => ({
    digest: DIGEST, driver: 'vkt7', version, vendor: 'Uzel', origin: 'package', manifest: null, signed_by: '4D3C9A11B2C3D4E5', granted: ['diagnostics'], state,
    since: iso(now - hours * HOUR), why: 'two houses first', installed_at: iso(now - hours * HOUR), shadow: null, canary: null, ...more,
  });
  return [
    of('1.6.0-rc.1', 'shadow', 2, { digest: digest(7), shadow: dirty(devices, now), why: 'before it goes to work: 412 sessions of 31 devices, 6180 records: 12 differ, 1 asked otherwise, 2 could not be held again' }),
    of('1.5.0', 'canary', 6, { digest: digest(5), shadow: clean, granted: ['diagnostics', 'configure'], canary: { devices: devices.slice(0, 2).map((one) => one.id), share_percent: 0, promote_after: 20 } }),
    of('0.1.0', 'active', 300, { origin: '/var/lib/uzel/drivers/vkt7.wasm', signed_by: null, why: 'it lies in the folder of drivers, /var/lib/uzel/drivers/vkt7.wasm' }),
    of('0.0.9', 'retired', 900, { digest: digest(3), shadow: clean }),
    of('0.0.7', 'quarantined', 2_000, { digest: digest(2), why: '3 of 8 sessions in 10 minutes ended by its fault; the last: driver-trap, unreachable' }),
    of('0.1.0', 'active', 300, { driver: 'mercury', digest: MERCURY, origin: '/var/lib/uzel/drivers/mercury.wasm', signed_by: null }),
  ];
}

export const work = (devices) => [
  { digest: DIGEST, devices: Math.max(0, devices.length - 2), sessions_open: 2 },
  { digest: digest(5), devices: Math.min(2, devices.length), sessions_open: 1 },
];

const named = ({ id, name }) => ({ id, name });
export const readWith = (devices, wanted) =>
  (DIGEST.startsWith(wanted) ? devices.slice(2) : digest(5).startsWith(wanted) ? devices.slice(0, 2) : []).map(named);

export const keys = (now) => [
  { id: '4D3C9A11B2C3D4E5', public: 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3', name: 'Проект «Узел», выпуск', vendor: 'Uzel', roles: ['read', 'configure'], models: ['vkt7'], valid_from: null, valid_to: iso(now + 9_000 * HOUR), revoked_at: null, revoked_why: null },
  { id: '0A1B2C3D4E5F6071', public: 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO4', name: 'Старый ключ', vendor: 'Uzel', roles: ['read'], models: ['*'], valid_from: null, valid_to: null, revoked_at: iso(now - 100 * HOUR), revoked_why: 'the laptop was stolen' },
];

export function events(driver, now) {
  const one = (id, hours, version, which, from, to, who, why) => ({ id, at: iso(now - hours * HOUR), driver, version, digest: which, who, from, to, why });
  return driver !== 'vkt7' ? [] : [
    one(6, 2, '1.6.0-rc.1', digest(7), 'self-tested', 'shadow', 'cli:orlova', 'before it goes to work: 412 sessions, 12 differ'),
    one(5, 6, '1.5.0', digest(5), 'shadow', 'canary', 'api', 'two houses first'),
    one(4, 300, '0.0.9', digest(3), 'active', 'draining', 'api', '0.1.0 takes its place: new firmware'),
    one(3, 300, '0.1.0', DIGEST, 'self-tested', 'active', 'api', 'new firmware'),
    one(2, 2_000, '0.0.7', digest(2), 'active', 'quarantined', 'uzel', '3 of 8 sessions in 10 minutes ended by its fault'),
  ];
}

export function statistics(all, wanted, period, now) {
  const version = all.find((one) => one.digest.startsWith(wanted));
  const hours = { hour: 1, day: 24, week: 168, month: 720 }[period] ?? 24;
  const [sessions, faults] = version.state === 'active' ? [hours * 13, Math.floor(hours / 12)] : version.state === 'canary' ? [Math.min(hours, 6) * 2, 0] : [0, 0];
  const bad = Math.floor(sessions / 40);
  /** @type {[string, string | null, number][]} */
  const ends = [['complete', null, sessions - bad - faults], ['no-answer', 'meter-silent', bad], ['driver-trap', 'driver', faults]];
  const outcomes = ends.filter(([, , count]) => count > 0);
  return {
    digest: version.digest, driver: version.driver, version: version.version, from: iso(Math.floor(now / HOUR - hours) * HOUR), to: iso(Math.ceil(now / HOUR) * HOUR), sessions, faults,
    outcomes: outcomes.map(([outcome, cause, count]) => ({ outcome, cause, sessions: count })), cpu_ms: sessions * 12, wall_ms: sessions * 14_100, memory_peak_bytes: sessions ? 2_097_152 : 0,
    memory_usual_bytes: sessions ? 1_363_148 : null, bytes_sent: sessions * 982, bytes_received: sessions * 2_430, exchanges: sessions * 54, retries: sessions, records: sessions * 15,
    exchanges_per_record: sessions ? 3.6 : null,
  };
}

export function log(devices, wanted, now) {
  if (!DIGEST.startsWith(wanted)) return [];
  const words = [['warn', 'no answer at the raised speed: waiting for the meter to go back'], ['info', 'this line has no speed to change'], ['error', 'the answer is <b>not</b> a frame \ufffd']];
  return devices.slice(0, 6).map((device, i) => ({
    at: iso(now - i * 720_000), level: words[i % 3][0], device: { id: device.id, name: device.name }, session: device.id * 100 + 99, text: words[i % 3][1],
  }));
}
