// A made-up fleet: sites, devices in every state, their sessions, drivers.

const MIN = 60_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d{3}Z/, 'Z');

const STREETS = ['Лесная, 1', 'Парковая, 22', 'Заводская, 3, корп. 2', 'Мира, 15а', 'Школьная, 8', 'Набережная, 11', 'Садовая, 40', 'Гагарина, 5', 'Южная, 17', 'Центральная, 2'];
const STATES = ['abnormal', 'no-connection', 'driver-fault', 'late', 'normal', 'normal', 'normal', 'normal', 'new', 'disabled'];
const OUTCOME = { 'no-connection': 'no-answer', 'driver-fault': 'limit-memory', late: 'garbled' };
const DETAIL = {
  'no-answer': '3 requests of 5 s', garbled: 'checksum is 1a2b, computed 1a2c', 'limit-memory': '16 MiB of 16 MiB used', partial: 'totals: not supported by this firmware',
};
export const DIGEST = 'b41f7c20a9d3485e8a1166ce20c4fd1a7b3e9902d5118acb77e04c2f9e1109c2';

export function fleet(count, now) {
  return Array.from({ length: count }, (_, i) => device(i + 1, now));
}

function device(id, now) {
  const state = id === 1 ? 'abnormal' : STATES[(id - 1) % STATES.length];
  const street = STREETS[(id - 1) % STREETS.length] + (id > STREETS.length ? ` / ${Math.ceil(id / STREETS.length)}` : '');
  const enabled = state !== 'disabled';
  const fresh = state === 'new' ? null : state === 'no-connection' ? now - 42 * DAY : state === 'late' ? now - 76 * HOUR : Math.floor(now / HOUR) * HOUR;
  const east = id % 10 === 6;
  const points = id === 1 || id % 4 === 0 ? ['ТВ1', 'ТВ2'] : ['ТВ1'];
  const one = {
    id, name: `${street} · ВКТ-7`, serial: String(68_430 + id).padStart(7, '0'), model: 'vkt7', model_name: 'ВКТ-7', enabled,
    site: { id: 100 + id, name: id % 3 ? 'УК «Лес»' : 'МУП «Теплосеть»', time_zone: east ? 'Asia/Yekaterinburg' : 'Europe/Moscow', address: street },
    node: { id: 300 + id, name: 'Узел учёта 1' },
    points: points.map((name, i) => ({ id: id * 10 + i, name, resource: 'heat', purpose: 'commercial', input: i + 1 })),
    driver: { id: 'vkt7', version: '0.1.0', title: { ru: 'Теплоком ВКТ-7', en: 'Teplocom VKT-7' } },
    routes: [{ position: 1, line: { id: 500 + id, name: `Конвертер ${street}`, kind: 'tcp', address: `10.4.2.${17 + (id % 200)}:4001` }, settings: null }],
    config: { address: 0, password: '••' }, poll: { every_minutes: 60, kinds: ['current', 'totals', 'hourly', 'daily', 'monthly'] },
    next_poll_at: enabled ? iso(now + (id % 53) * MIN + 30_000) : null, state,
    archives: [], clock: state === 'new' ? null : { offset_s: id % 5 === 0 ? -95 : 12.4, uncertainty_s: 0.4, measured_at: iso(now - 20 * MIN) },
    last_session: null, last_good_at: fresh ? iso(Math.min(fresh + 4 * MIN, now - MIN)) : null,
  };
  Object.defineProperty(one, 'zoneMs', { value: (east ? 5 : 3) * HOUR, enumerable: false });
  if (fresh) one.archives = archives(fresh, now, one.zoneMs, state);
  one.last_session = state === 'new' ? null : session(one, 1, now);
  return one;
}

function archives(fresh, now, zoneMs, state) {
  const day = Math.floor((fresh + zoneMs) / DAY) * DAY - zoneMs;
  return [
    { kind: 'hourly', depth: 1152, first_start: iso(now - 365 * DAY), last_end: iso(fresh), records: 8722, conditions_24h: state === 'abnormal' ? 6 : 0 },
    { kind: 'daily', depth: 128, first_start: iso(now - 365 * DAY), last_end: iso(day), records: 366, conditions_24h: 0 },
    { kind: 'monthly', depth: 32, first_start: iso(now - 730 * DAY), last_end: iso(day), records: 24, conditions_24h: 0 },
    { kind: 'totals', depth: null, first_start: iso(now - 200 * DAY), last_end: iso(fresh), records: 200, conditions_24h: 0 },
  ];
}

/** Session `n` of a device, 1 the newest, an hour apart. Ids fall as they get older. */
export function session(one, n, now) {
  const bad = OUTCOME[one.state];
  const outcome = n === 1 && bad ? bad : n === 4 ? 'no-answer' : n === 7 ? 'partial' : 'complete';
  const started = now - (n - 1) * HOUR - (one.id % 50) * MIN - 25_000;
  const ok = outcome === 'complete' || outcome === 'partial';
  return {
    id: one.id * 100 + 100 - n, device: { id: one.id, name: one.name }, line: { id: one.routes[0].line.id, name: one.routes[0].line.name },
    driver: { id: 'vkt7', version: '0.1.0', digest: DIGEST }, reason: n % 5 === 2 ? 'read-now' : 'schedule', started_at: iso(started), ended_at: iso(started + 20_400),
    outcome, detail: DETAIL[outcome] ?? null, records_added: ok ? 15 : 0, values_added: ok ? 255 : 0, bytes_sent: ok ? 982 : 24, bytes_received: ok ? 2430 : 0,
  };
}

/** The session as its own page shows it. */
export function whole(brief) {
  const ok = brief.outcome === 'complete' || brief.outcome === 'partial';
  const phase = (name, started_ms, ended_ms, outcome = 'ok', records = 0) => ({ name, started_ms, ended_ms, outcome, records });
  return {
    ...brief,
    identity: ok ? { model: 'vkt7', serial: '0068431', firmware: '1.9', details: [['Схема ТВ1', 'закрытая, Q по M1'], ['Отчётный день', '25']] } : null,
    clock: ok ? { shown: '2016-12-01T15:50:57', offset_s: 12.4, uncertainty_s: 0.4 } : null,
    phases: ok
      ? [phase('open', 0, 210), phase('identify', 210, 1_037), phase('clock', 1_037, 1_211), phase('current', 1_211, 2_600, 'ok', 1), phase('hourly', 2_600, 19_900, 'ok', 15), phase('close', 19_900, 20_400)]
      : [phase('open', 0, 200), phase('identify', 200, 16_000, brief.outcome), phase('close', 16_000, 16_100)],
    exchanges: ok ? 54 : 3, retries: ok ? 2 : 2, cpu_ms: 0.9, wall_ms: 20_400, memory_peak_bytes: 1_363_148, faults: brief.outcome === 'partial' ? ['row 3: 2026-02-30 is no date'] : [],
  };
}

const text = (ru, en) => ({ ru, en });
export function drivers(count, now) {
  return [
    {
      id: 'vkt7', version: '0.1.0', digest: DIGEST, vendor: 'Uzel', title: text('Теплоком ВКТ-7', 'Teplocom VKT-7'), protocol: text('Протокол ВКТ-7', 'VKT-7 protocol'),
      size_bytes: 184_320, interfaces: ['meter'], file: 'vkt7.wasm', loaded_at: iso(now - 3 * DAY), sessions: count * 24, failures: 3, config: [], line: {},
      models: [
        {
          id: 'vkt7', maker: text('Теплоком', 'Teplocom'), names: ['ВКТ-7', 'VKT-7'], resources: ['heat', 'hot-water'],
          archives: [{ kind: 'hourly', depth: 1152, label: 'interval-start' }, { kind: 'daily', depth: 128, label: 'interval-start' }, { kind: 'monthly', depth: 32, label: 'interval-start' }],
          evidence: { identify: 'captured', clock: 'captured', hourly: 'captured', daily: 'document', monthly: 'document', current: 'captured', totals: 'document', settings: 'experimental' },
        },
      ],
    },
    {
      id: 'mercury', version: '0.1.0', digest: 'e3a8010293847566aabbccddeeff00112233445566778899aabbccddeeff5c07', vendor: 'Uzel', title: text('Меркурий', 'Mercury'), protocol: null,
      size_bytes: 96_211, interfaces: ['meter'], file: 'mercury.wasm', loaded_at: iso(now - 3 * DAY), sessions: 12, failures: 0, config: [], line: {},
      models: ['Меркурий 230', 'Меркурий 234'].map((name, i) => ({
        id: `m${i}`, maker: text('Инкотекс', 'Incotex'), names: [name], resources: ['electricity'],
        archives: [{ kind: 'minutes-30', depth: 4080, label: 'interval-start' }, { kind: 'monthly', depth: 12, label: 'interval-start' }], evidence: { identify: 'document', current: 'document', 'minutes-30': 'single-driver' },
      })),
    },
  ];
}
