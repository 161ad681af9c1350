// A made-up archive of a heat meter: hours, days, months with gaps, situations, doubtful and substituted values.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The same number for the same seed: pages look the same every time. */
export function noise(seed) {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 4294967296 - 0.5;
}

const iso = (ms) => new Date(ms).toISOString().replace('.000Z', 'Z');
const round = (value, decimals) => Number(value.toFixed(decimals));

const DEFINED = [
  ['t1', 'temperature', 'Cel', 'supply', 'mean', 2], ['t2', 'temperature', 'Cel', 'return', 'mean', 2],
  ['dt', 'temperature-difference', 'Cel', null, 'mean', 2],
  ['V1', 'volume', 'm3', 'supply', 'sum', 2], ['V2', 'volume', 'm3', 'return', 'sum', 2],
  ['M1', 'mass', 't', 'supply', 'sum', 2], ['M2', 'mass', 't', 'return', 'sum', 2],
  ['P1', 'pressure', 'kgf/cm2', 'supply', 'mean', 2], ['P2', 'pressure', 'kgf/cm2', 'return', 'mean', 2],
  ['Qо', 'heat-energy', 'Gcal', null, 'sum', 3], ['BНP', 'time-normal', 'h', null, 'duration', 0], ['НС', 'abnormal', '', null, 'state', null],
];

/** Columns of a device; two points have two sets. */
export function columns(device, aggregate = null) {
  const out = [];
  for (let point = 1; point <= device.points.length; point += 1) {
    for (const [id, quantity, unit, pipe, own, decimals] of DEFINED) {
      out.push({
        series: device.id * 100 + out.length, id, quantity, unit, point, point_id: device.points[point - 1].id, tariff: 0, pipe,
        aggregate: own === 'state' ? own : (aggregate ?? own), decimals,
      });
    }
  }
  return out;
}

const CURRENT = [
  ['t1', 'temperature', 'Cel', 'supply', 2], ['t2', 'temperature', 'Cel', 'return', 2], ['dt', 'temperature-difference', 'Cel', null, 2],
  ['G1', 'mass-flow', 't/h', 'supply', 2], ['G2', 'mass-flow', 't/h', 'return', 2], ['P1', 'pressure', 'kgf/cm2', 'supply', 2],
  ['P2', 'pressure', 'kgf/cm2', 'return', 2], ['W', 'power', 'Gcal/h', null, 3],
];

export const currentColumns = (device) =>
  CURRENT.map(([id, quantity, unit, pipe, decimals], i) => ({
    series: device.id * 100 + 80 + i, id, quantity, unit, point: 1, point_id: device.points[0].id, tariff: 0, pipe, aggregate: 'instant', decimals,
  }));

/** Hours (counted back from now) in which the line was busy, the meter off, the flow low, code 02 said. */
const inRange = (n, ranges) => ranges.some(([from, to]) => n >= from && n < to);
const NOT_READ = [[53, 60]];
const OFF = [[400, 431]];
const LOW_FLOW = [[83, 88]];
const CODE_02 = [[0, 6], [44, 50]];

function physics(device, at, back, hours) {
  const seed = Math.floor(at / HOUR) * 31 + device.id * 7;
  const days = at / DAY;
  const out = -6 - 6 * Math.cos(((days % 365) / 365) * 6.283) + 3 * Math.sin(days / 3.1) + 2 * Math.cos(((at / HOUR) % 24) / 24 * 6.283) + noise(seed);
  let t1 = Math.max(48, 62 - out * 1.25) + noise(seed + 1) * 0.7;
  let t2 = 41 - out * 0.55 + noise(seed + 2) * 0.4;
  let m1 = (3.95 + 0.08 * Math.sin(days * 2) + noise(seed + 3) * 0.06) * hours;
  if (hours === 1 && inRange(back, LOW_FLOW)) {
    m1 = 0.6 + noise(seed) * 0.05;
    t2 -= 6.5;
  }
  // One spike of a sensor: the scale must not follow it.
  if (hours === 1 && back === 120) t1 = 312.5;
  const m2 = m1 + (hours === 1 && inRange(back, CODE_02) ? 0.04 : -0.02) * hours;
  const low = hours === 1 && inRange(back, LOW_FLOW);
  return [
    round(t1, 2), round(t2, 2), round(t1 - t2, 2), round(m1 * 1.0195, 2), round(m2 * 1.009, 2), round(m1, 2), round(m2, 2),
    round(6 + noise(seed + 5) * 0.02, 2), 5.4, low ? 0 : round((m1 * Math.min(t1 - t2, 40) * 0.995) / 1000, 3), low ? 0 : hours, '0x0',
  ];
}

function conditionsOf(kind, back, point, base) {
  if (kind !== 'hourly') return [];
  if (inRange(back, LOW_FLOW)) {
    return [{ code: 'G<Gmin', category: 'flow-below-min', effect: 'stopped', point, column: null, duration_s: 3600, title: { ru: 'Расход ниже минимума', en: 'Flow below minimum' } }];
  }
  if (inRange(back, CODE_02)) return [{ code: '02', category: null, effect: 'counted', point, column: base + 9, duration_s: null, title: null }];
  return [];
}

function record(device, kind, cols, start, end, back, place) {
  const hours = Math.round((end - start) / HOUR);
  const values = [];
  const marks = [];
  const conditions = [];
  for (let point = 0; point < device.points.length; point += 1) {
    const base = point * DEFINED.length;
    values.push(...physics(device, start + point * 7 * HOUR, back, hours));
    conditions.push(...conditionsOf(kind, back, point + 1, base));
    if (kind === 'hourly' && inRange(back, CODE_02)) marks.push({ column: base + 9, quality: 'doubtful', code: '50' });
  }
  if (kind === 'hourly' && back === 20) marks.push({ column: 7, quality: 'substituted', code: null });
  if (kind === 'hourly' && back % 97 === 30) {
    values[8] = null;
    marks.push({ column: 8, quality: 'absent', code: null });
  }
  const versions = kind === 'hourly' && back === 26 ? 2 : 1;
  return {
    record: device.id * 1_000_000 + place, start: iso(start), end: iso(end), label: iso(start + device.zoneMs).slice(0, 19), length_s: kind === 'hourly' ? null : hours * 3600,
    version: versions, versions, session: device.id * 100 + 1, received_at: iso(end + 62_000), values, marks, conditions,
  };
}

/** Starts of the intervals of a kind, oldest first, civil days and months of the device's zone. */
function starts(device, kind, now) {
  const out = [];
  const civil = now + device.zoneMs;
  if (kind === 'hourly') {
    const last = Math.floor(now / HOUR) * HOUR - HOUR;
    for (let i = 8760 - 1; i >= 0; i -= 1) out.push(last - i * HOUR);
  } else if (kind === 'daily') {
    const last = Math.floor(civil / DAY) * DAY - DAY - device.zoneMs;
    for (let i = 365; i >= 0; i -= 1) out.push(last - i * DAY);
  } else if (kind === 'monthly') {
    const date = new Date(civil);
    for (let i = 24; i >= 1; i -= 1) out.push(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - i, 1) - device.zoneMs);
  }
  return out;
}

function endOf(device, kind, start) {
  if (kind === 'hourly') return start + HOUR;
  if (kind === 'daily') return start + DAY;
  const date = new Date(start + device.zoneMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - device.zoneMs;
}

const REASONS = { notRead: 'not-read', off: 'device-off' };

/** One page of an archive, as the API answers it. */
export function page(device, query, now) {
  const kind = query.archive ?? 'hourly';
  if (kind === 'current') return current(device, now);
  if (kind === 'totals') return totals(device, query, now);
  const cols = columns(device);
  const from = query.from ? Date.parse(query.from) : 0;
  const to = query.to ? Date.parse(query.to) : Infinity;
  const all = starts(device, kind, now);
  const records = [];
  const missing = [];
  all.forEach((start, place) => {
    if (start < from || start >= to) return;
    const back = all.length - 1 - place;
    const reason = kind === 'hourly' ? (inRange(back, NOT_READ) ? REASONS.notRead : inRange(back, OFF) ? REASONS.off : null) : null;
    const end = endOf(device, kind, start);
    if (reason) missing.push({ start, end, reason });
    else records.push({ start, end, back, place });
  });
  if (query.order === 'desc') records.reverse();
  const begin = Number(query.after ?? 0);
  const limit = Math.min(Number(query.limit ?? 500), 1000);
  const items = records.slice(begin, begin + limit).map((one) => record(device, kind, cols, one.start, one.end, one.back, one.place));
  return { columns: cols, items, gaps: merged(missing), next: begin + limit < records.length ? String(begin + limit) : null };
}

function merged(missing) {
  const out = [];
  for (const one of missing) {
    const last = out.at(-1);
    if (last && last.endMs === one.start && last.reason === one.reason) {
      last.endMs = one.end;
      last.end = iso(one.end);
      last.intervals += 1;
    } else out.push({ start: iso(one.start), end: iso(one.end), endMs: one.end, intervals: 1, reason: one.reason });
  }
  return out.map(({ start, end, intervals, reason }) => ({ start, end, intervals, reason }));
}

function current(device, now) {
  const at = now - 5 * 60_000;
  const [t1, t2, dt] = physics(device, at, 1000, 1);
  return {
    columns: currentColumns(device), gaps: [], next: null,
    items: [{
      record: device.id * 1_000_000 + 900_000, start: iso(at), end: iso(at), label: iso(at + device.zoneMs).slice(0, 19), length_s: null, version: 1, versions: 1,
      session: device.id * 100 + 1, received_at: iso(at), values: [t1, t2, dt, 3.72, 3.76, 6, 5.4, 0.082], marks: [], conditions: [],
    }],
  };
}

function totals(device, query, now) {
  const cols = columns(device, 'total').filter((one) => ['V1', 'V2', 'M1', 'M2', 'Qо', 'BНP'].includes(String(one.id)));
  const [from, to] = [query.from ? Date.parse(query.from) : 0, query.to ? Date.parse(query.to) : Infinity];
  const items = [];
  for (let i = 200; i >= 0; i -= 1) {
    const at = Math.floor(now / DAY) * DAY - i * DAY + 9 * HOUR;
    if (at < from || at >= to || at > now) continue;
    const hours = 20_000 + (200 - i) * 24;
    items.push({
      record: device.id * 1_000_000 + 800_000 + i, start: iso(at), end: iso(at), label: iso(at + device.zoneMs).slice(0, 19), length_s: null, version: 1, versions: 1,
      session: device.id * 100 + 1, received_at: iso(at + 40_000), marks: [], conditions: [],
      values: cols.map((one) => round(hours * ({ V1: 4.03, V2: 3.97, M1: 3.95, M2: 3.93, Qо: 0.098, BНP: 1 }[one.id] ?? 1), one.decimals)),
    });
  }
  return { columns: cols, items: query.order === 'desc' ? items.reverse() : items, gaps: [], next: null };
}
