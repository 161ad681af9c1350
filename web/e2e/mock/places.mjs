// Places of the made-up fleet: a node for each device, as the list of attention, the tree, the search and the map have them.

const DAY = 86_400_000;
const RANK = ['abnormal', 'no-connection', 'driver-fault', 'late'];
const COUNTED = [...RANK, 'normal'];
const stateOf = ({ state }) => (state === 'new' ? 'late' : state);
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d{3}Z/, 'Z');

function cause(device, now) {
  const session = device.last_session?.id ?? 0;
  const line = { line: device.routes[0].line.name, line_address: device.routes[0].line.address, driver_version: '0.1.0' };
  const failed = (outcome, detail, attempts) => ({ code: 'outcome', outcome, detail, attempts, contact_at: device.last_good_at, session, ...line });
  const situation = { code: '04', category: 'flow-below-min', effect: 'stopped', duration_s: 3600, title: { ru: 'расход ниже минимума', en: 'flow below minimum' } };
  switch (device.state) {
    case 'abnormal': return { code: 'abnormal', archive: 'hourly', start: iso(now - 3_600_000), end: iso(now), session, situations: [situation] };
    case 'no-connection': return failed('no-answer', '3 requests of 5 s', 48);
    case 'driver-fault': return failed('limit-memory', '16 MiB of 16 MiB used', 3);
    case 'late': return { code: 'late', archive: 'hourly', last_end: device.archives[0].last_end, outcome: 'garbled' };
    case 'new': return { code: 'never-read' };
    case 'disabled': return { code: 'no-device' };
    default: return { code: 'nothing' };
  }
}

function stake(device, now) {
  const none = { heat_gcal_day: null, lost_at: null, archive: null, unread: null, depth: null };
  const kept = (days) => ({ ...none, lost_at: iso(now + days * DAY), archive: 'hourly', unread: 76, depth: 1152 });
  switch (device.state) {
    case 'abnormal': return { ...none, word: 'heat-stopped', heat_gcal_day: 11.8 };
    case 'no-connection': return { word: 'lost-soon', ...kept(6) };
    case 'driver-fault':
    case 'late': return { word: 'kept', ...kept(41) };
    default: return { word: device.state === 'new' ? 'unknown' : 'nothing', ...none };
  }
}

export function row(device, now) {
  const since = { abnormal: 9 * 3_600_000, 'no-connection': 42 * DAY, 'driver-fault': 2 * 3_600_000, late: 76 * 3_600_000 }[device.state];
  return {
    id: device.node.id, name: device.node.name, site: device.site, organisation: { id: device.id % 3 ? 1 : 2, name: device.site.name }, points: device.points,
    devices: [{
      id: device.id, name: device.name, serial: device.serial, model_name: device.model_name, driver: 'vkt7', enabled: device.enabled, line: device.routes[0].line,
      line_address: device.routes[0].line.address, last_session: device.last_session?.id ?? null,
    }],
    state: stateOf(device), cause: cause(device, now), since: since ? iso(now - since) : null, device: since ? device.id : null, hidden: null, stake: stake(device, now),
    acknowledged: null, assigned: null, contact_at: device.last_good_at,
  };
}

const matches = (device, q) => !q || [device.name, device.serial, device.site.name, device.site.address].join(' ').toLowerCase().includes(q.toLowerCase());

export function attention(devices, query, now) {
  const count = (state) => devices.filter((one) => stateOf(one) === state).length;
  const wanted = query.state ?? 'waiting';
  const is = (state) => wanted === 'any' || state === wanted || (wanted === 'waiting' && RANK.includes(state));
  const chosen = devices.filter((one) => is(stateOf(one)) && matches(one, query.q));
  if (query.order !== 'place') chosen.sort((one, other) => RANK.indexOf(stateOf(one)) - RANK.indexOf(stateOf(other)) || one.id - other.id);
  const begin = Number(query.after ?? 0);
  const limit = Math.min(Number(query.limit ?? 200), 1000);
  return {
    checked_at: iso(now), active: devices.length - count('disabled'), disabled: count('disabled'), counts: Object.fromEntries(COUNTED.map((state) => [state, count(state)])),
    notes: { abnormal_new: count('abnormal'), no_connection_lost_soon: count('no-connection'), drivers: count('driver-fault') ? ['vkt7'] : [], late_since: count('late') ? iso(now - 76 * 3_600_000) : null },
    people: [], total: chosen.length, items: chosen.slice(begin, begin + limit).map((one) => row(one, now)), next: begin + limit < chosen.length ? String(begin + limit) : null,
  };
}

export function search(devices, query) {
  const found = devices.filter((one) => matches(one, query.q));
  const hit = (one) => ({
    kind: 'device', id: one.id, name: one.name, site: one.site, address: one.site.address, node: one.node, serial: one.serial, model_name: one.model_name, state: stateOf(one),
  });
  return { total: found.length, items: found.slice(0, Number(query.limit ?? 20)).map(hit) };
}

export function tree(devices, query) {
  const item = (kind, id, name, of) => ({
    kind, id, name, address: null, disabled: of.filter((one) => one.state === 'disabled').length, has_more: kind !== 'device',
    counts: Object.fromEntries(COUNTED.map((state) => [state, of.filter((one) => stateOf(one) === state).length])),
  });
  const [kind, id] = (query.at ?? '').split(':');
  if (kind === 'node') return { items: devices.filter((one) => one.node.id === Number(id)).map((one) => item('device', one.id, one.name, [])) };
  if (kind === 'site') return { items: devices.filter((one) => one.site.id === Number(id)).map((one) => item('node', one.node.id, one.node.name, [one])) };
  const owner = (one) => (one.id % 3 ? 1 : 2);
  if (kind === 'organisation') return { items: devices.filter((one) => owner(one) === Number(id)).map((one) => item('site', one.site.id, one.site.address, [one])) };
  const owners = [...new Map(devices.map((one) => [owner(one), one.site.name])).entries()];
  return { items: owners.map(([key, name]) => item('organisation', key, name, devices.filter((one) => owner(one) === key))) };
}

export const map = (devices) => ({
  tiles: null, without_coordinates: 1,
  items: devices.map((one) => ({
    id: one.site.id, name: one.site.address, address: one.site.address, latitude: 55.7 + (one.id % 17) / 90, longitude: 37.5 + (one.id % 23) / 60, state: stateOf(one),
    disabled: one.state === 'disabled' ? 1 : 0, counts: Object.fromEntries(COUNTED.map((state) => [state, stateOf(one) === state ? 1 : 0])),
  })),
});
