// A stand-in for the server while pages are written and tested: the API of `src/lib/api/types.ts` on made-up data.
// Usage: node e2e/mock-server.mjs [--port 8099] [--devices 14]. Serves dist/ too, with the policy of the real server.

import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listening } from './listening.mjs';
import { columns, page } from './mock/archive.mjs';
import { DIGEST, drivers, fleet, session, whole } from './mock/fleet.mjs';
import * as park from './mock/park.mjs';
import * as places from './mock/places.mjs';
import * as trace from './mock/trace.mjs';
import { webhooks, webhooksAnswer } from './mock/webhooks.mjs';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const VOCABULARY = fileURLToPath(new URL('../../wit/v1/vocabulary.json', import.meta.url));
const SESSIONS_EACH = 40;
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const iso = (ms) => new Date(ms).toISOString();

class Mock {
  constructor(count, unsigned) {
    this.unsigned = unsigned;
    this.devices = fleet(count, Date.now());
    this.started = Date.now();
    this.webhooks = webhooks(this.started);
    this.watchers = new Set();
    this.live = new Map();
    this.done = new Map();
    this.nextSession = count * 100 + 1_000;
    this.timers = new Set();
  }

  device(id) {
    const found = this.devices.find((one) => one.id === id);
    if (!found) throw problem(404, 'not-found', `there is no device ${id}`);
    return found;
  }

  emit(name, data) {
    for (const watcher of this.watchers) watcher.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  later(ms, run) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, ms);
    this.timers.add(timer);
  }

  /** A session that steps through its phases; a device without connection ends without an answer. */
  begin(device, reason) {
    const id = this.nextSession;
    this.nextSession += 1;
    const live = {
      session: id, device: { id: device.id, name: device.name }, line: { id: device.routes[0].line.id, name: device.routes[0].line.name },
      driver: { id: 'vkt7', version: '0.1.0' }, reason, started_at: iso(Date.now()), phase: 'open', done: 0, total: 0, bytes_sent: 0, bytes_received: 0,
      exchanges: 0, records_added: 0, outcome: null, detail: null, ended_at: null,
    };
    this.live.set(id, live);
    this.emit('session', live);
    this.step(device, live, 0);
    return id;
  }

  step(device, live, n) {
    this.later(250, () => {
      if (!this.live.has(live.session)) return;
      const silent = device.state === 'no-connection';
      if (n >= (silent ? 4 : 16)) return this.end(device, live, silent ? 'no-answer' : 'complete', silent ? '3 requests of 5 s' : null);
      const phase = n === 0 ? 'identify' : silent ? 'identify' : 'hourly';
      const heard = silent ? 0 : 83;
      Object.assign(live, {
        phase, done: phase === 'hourly' ? n : 0, total: phase === 'hourly' ? 15 : 0, exchanges: live.exchanges + 1, bytes_sent: live.bytes_sent + 8,
        bytes_received: live.bytes_received + heard, records_added: phase === 'hourly' ? n : 0,
      });
      this.emit('session', live);
      this.step(device, live, n + 1);
    });
  }

  end(device, live, outcome, detail) {
    Object.assign(live, { outcome, detail, ended_at: iso(Date.now()), phase: 'close' });
    this.live.delete(live.session);
    const brief = {
      id: live.session, device: live.device, line: live.line, driver: { ...live.driver, digest: DIGEST }, reason: live.reason, started_at: live.started_at,
      ended_at: live.ended_at, outcome, detail, records_added: live.records_added, values_added: live.records_added * 17, bytes_sent: live.bytes_sent, bytes_received: live.bytes_received,
    };
    this.done.set(brief.id, brief);
    device.last_session = brief;
    this.emit('session', live);
    if (outcome === 'complete') this.emit('records', { device: device.id, archive: 'hourly', added: live.records_added, last_end: device.archives[0]?.last_end ?? iso(Date.now()), session: live.session });
  }

  /** Newest first. */
  sessions(deviceId) {
    const made = (deviceId ? [this.device(deviceId)] : this.devices.slice(0, 30)).filter((one) => one.state !== 'new')
      .flatMap((one) => Array.from({ length: SESSIONS_EACH }, (_, n) => session(one, n + 1, this.started)));
    const done = [...this.done.values()].filter((one) => !deviceId || one.device.id === deviceId);
    return [...done, ...made].sort((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at));
  }

  session(id) {
    const live = this.live.get(id);
    if (live) return { ...live, id, driver: { ...live.driver, digest: DIGEST }, values_added: live.records_added * 17 };
    const known = this.done.get(id);
    if (known) return known;
    const device = this.devices.find((one) => one.id === Math.floor((id - 1) / 100));
    const n = device ? device.id * 100 + 100 - id : 0;
    if (!device || n < 1 || n > 99) throw problem(404, 'not-found', `there is no session ${id}`);
    return session(device, n, this.started);
  }

  trace(id) {
    const brief = this.session(id);
    if (brief.outcome === 'complete' || brief.outcome === 'partial') return id % 100 === 95 ? trace.long(100) : trace.good();
    return { ...trace.silent(), complete: brief.outcome !== null };
  }
}

const problem = (status, code, detail, more = {}) => ({ status, body: { type: 'about:blank', title: code, status, code, detail, request_id: '7f3c', ...more } });

function paged(items, query, fallback = 100) {
  const begin = Number(query.after ?? 0);
  const limit = Math.min(Number(query.limit ?? fallback), 1000);
  return { items: items.slice(begin, begin + limit), next: begin + limit < items.length ? String(begin + limit) : null };
}

function versions(mock, record) {
  const device = mock.device(Math.floor(record / 1_000_000));
  const all = page(device, { archive: 'hourly', limit: '1000', order: 'desc' }, Date.now()).items;
  const last = all.find((one) => one.record === record);
  if (!last) throw problem(404, 'not-found', `there is no record ${record}`);
  const first = { ...last, record: record + 500_000, version: 1, received_at: iso(Date.parse(last.received_at) - 3_600_000), values: last.values.map((value, i) => (i === 9 ? value + 0.01 : value)) };
  return { items: [first, last] };
}

function events(device) {
  const now = Date.now();
  const words = [['01', 'alarm', true, 'отключение питания'], ['01', 'info', false, 'питание восстановлено'], ['C2', 'warning', null, 'изменена договорная температура холодной воды']];
  return Array.from({ length: device.state === 'new' ? 0 : 9 }, (_, i) => {
    const [code, severity, began, text] = words[i % 3];
    return { at: iso(now - i * 31 * 3_600_000), code, severity, began, point: i % 3 === 2 ? 1 : 0, text, received_at: iso(now) };
  });
}

const settings = (device) => ({
  read_at: device.state === 'new' ? null : iso(Date.now() - 86_400_000),
  items: device.state === 'new' ? [] : [
    { id: 'scheme', title: 'Схема измерений ТВ1', value: 'закрытая, Q по M1', unit: null, writable: false },
    { id: 'tx', title: 'Договорная температура холодной воды', value: 5, unit: 'Cel', writable: true },
    { id: 'report_day', title: 'Отчётный день', value: 25, unit: null, writable: true },
  ],
});

/** What a path answers: a body, or a thrown problem. */
function answer(mock, method, path, query) {
  const parts = path.split('/').filter(Boolean);
  const [head, id, tail] = [parts[0], Number(parts[1]), parts[2]];
  const now = Date.now();
  if (head === 'health') return { status: 'ok', version: '0.1.0', started_at: iso(mock.started), now: iso(now), storage: 'ok', loopback_only: true, drivers_unsigned: mock.unsigned, sessions_open: mock.live.size };
  if (head === 'session') return { accounts: false, account: null, must_change_password: false, second_factor: false, rights: { everywhere: [], somewhere: [] }, grants: [], sign_in: null };
  if (head === 'vocabulary') return JSON.parse(readFileSync(VOCABULARY, 'utf8'));
  if (head === 'attention' && method === 'GET') return places.attention(mock.devices, query, now);
  if (head === 'search') return places.search(mock.devices, query);
  if (head === 'tree') return places.tree(mock.devices, query);
  if (head === 'map') return places.map(mock.devices);
  if (head === 'nodes' && tail === 'state') return places.row(mock.device(id - 300), now);
  if (head === 'drivers') return driversAnswer(mock, parts.slice(1), query, now);
  if (head === 'devices' && parts.length === 1) return paged(mock.devices, query, 500);
  if (head === 'devices' && method === 'POST' && tail === 'read-now') return readNow(mock, mock.device(id));
  if (head === 'devices' && !tail) return mock.device(id);
  if (head === 'devices' && tail === 'records') return mock.device(id).state === 'new' ? { columns: [], items: [], gaps: [], next: null } : page(mock.device(id), query, now);
  if (head === 'devices' && tail === 'columns') return { items: columns(mock.device(id)) };
  if (head === 'devices' && tail === 'events') return paged(events(mock.device(id)), query);
  if (head === 'devices' && tail === 'settings') return parts[3] === 'changes' ? { items: [], next: null } : settings(mock.device(id));
  if (head === 'devices' && tail === 'control' && method === 'GET') return { items: [], next: null };
  if (head === 'records' && tail === 'versions') return versions(mock, id);
  if (head === 'sessions' && parts.length === 1) return paged(mock.sessions(Number(query.device) || null), query);
  if (head === 'sessions' && method === 'DELETE') return cancel(mock, id);
  if (head === 'sessions' && tail === 'trace') return mock.trace(id);
  if (head === 'sessions' && !tail) return whole(mock.session(id));
  const told = head === 'webhooks' ? webhooksAnswer(mock.webhooks, method, parts.slice(1), query) : null;
  if (told) return told;
  throw problem(404, 'not-found', `there is no ${path}`);
}

/** What is asked of drivers; nothing can be done with them here. */
function driversAnswer(mock, [what, digest, of], query, now) {
  const whole = (items) => ({ items, next: null });
  const all = park.versions(mock.devices, now);
  if (!what) return whole(drivers(mock.devices.length, now));
  if (what === 'versions' && !digest) return whole(all);
  if (what === 'versions' && of === 'statistics') return park.statistics(all, digest, query.period, now);
  if (what === 'versions' && of === 'log') return whole(park.log(mock.devices, digest, now));
  if (what === 'versions' && of === 'devices') return whole(park.readWith(mock.devices, digest));
  if (what === 'work') return whole(park.work(mock.devices));
  if (what === 'keys' && !digest) return whole(park.keys(now));
  if (what === 'events') return whole(park.events(query.driver, now));
  throw problem(409, 'conflict', 'the mock does nothing with drivers');
}

function readNow(mock, device) {
  const busy = [...mock.live.values()].find((live) => live.device.id === device.id);
  if (busy) throw problem(409, 'already-reading', `session ${busy.session} is reading it`, { session: busy.session });
  mock.later(400, () => mock.begin(device, 'read-now'));
  return { job: 17 };
}

function cancel(mock, id) {
  const live = mock.live.get(id);
  if (live) mock.end(mock.device(live.device.id), live, 'cancelled', null);
  return {};
}

function stream(mock, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(`event: sessions\ndata: ${JSON.stringify({ running: [...mock.live.values()] })}\n\n`);
  mock.watchers.add(response);
  response.on('close', () => mock.watchers.delete(response));
}

function file(response, path) {
  const wanted = normalize(join(DIST, path));
  const found = wanted.startsWith(DIST) && extname(wanted) && existsSync(wanted) ? wanted : extname(path) ? null : join(DIST, 'index.html');
  if (!found || !existsSync(found)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': TYPES[extname(found)] ?? 'application/octet-stream', 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' });
  createReadStream(found).pipe(response);
}

function api(mock, request, response, path, query) {
  if (path === '/live') return stream(mock, response);
  const text = /^\/sessions\/(\d+)\/trace\.txt$/.exec(path);
  try {
    if (text) {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(trace.text(mock.trace(Number(text[1]))));
      return undefined;
    }
    const body = answer(mock, request.method, path, query);
    response.writeHead(request.method === 'GET' ? 200 : 202, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  } catch (thrown) {
    if (!thrown.status) console.error(thrown);
    const { status, body } = thrown.status ? thrown : problem(500, 'internal', String(thrown));
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
  }
  return undefined;
}

/** Starts on the port (0 takes a free one); resolves to its address and what stops it. */
export async function startMock({ port = 0, devices = 14, unsigned = false } = {}) {
  const mock = new Mock(devices, unsigned);
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const query = Object.fromEntries(url.searchParams);
    if (url.pathname.startsWith('/api/v1')) api(mock, request, response, url.pathname.slice('/api/v1'.length), query);
    else file(response, url.pathname);
  });
  return {
    url: await listening(server, port),
    mock,
    stop: () => {
      for (const timer of mock.timers) clearTimeout(timer);
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name, fallback) => (process.argv.includes(`--${name}`) ? Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) : fallback);
  const { url } = await startMock({ port: option('port', 8099), devices: option('devices', 14) });
  console.log(`mock server on ${url}`);
}
