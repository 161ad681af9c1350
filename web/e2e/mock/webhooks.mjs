// Webhooks of the stand-in: one whose receiver is gone, one that works, one that is disabled. They can be looked at, and what
// was given up can be sent again; nothing else can be done with them.

const iso = (ms) => new Date(ms).toISOString();
const HOUR_MS = 3_600_000;

const delivery = (id, at, more = {}) => ({
  id, kind: id % 3 === 0 ? 'events' : 'records', state: 'done', first: id * 100 + 1, last: id * 100 + 60, attempts: 1, created_at: iso(at), next_at: null, ended_at: iso(at + 1_000), status: 200, fault: null, ...more,
});

/** Hooks with their deliveries, the newest first. */
export function webhooks(now) {
  const hook = (id, name, url, kinds, more = {}) => ({ id, name, url, kinds, enabled: true, created_at: iso(now - 90 * 24 * HOUR_MS), missed: 0, ...more });
  const refused = 'error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)';
  const gone = [
    delivery(260, now - 600_000, { state: 'pending', attempts: 3, ended_at: null, next_at: iso(now + 150_000), status: null, fault: refused }),
    delivery(259, now - 4 * HOUR_MS, { state: 'dead', attempts: 8, status: 500, fault: 'it answers 500 Internal Server Error, expected 2xx' }),
    delivery(258, now - 7 * HOUR_MS, { state: 'dead', attempts: 8, status: null, fault: 'invalid of tomorrow' }),
    ...Array.from({ length: 150 }, (_, i) => delivery(257 - i, now - (8 + i) * HOUR_MS)),
  ];
  return [
    { hook: hook(1, 'Расчёты', 'https://erp.example/uzel', ['control', 'node', 'record', 'session'], { missed: 1_204 }), deliveries: gone },
    { hook: hook(2, 'Диспетчерская', 'https://duty.example/hook', ['node']), deliveries: [delivery(40, now - 60_000)] },
    { hook: hook(3, 'Стенд', 'https://stand.example/', ['record'], { enabled: false }), deliveries: [] },
  ];
}

const shown = ({ hook, deliveries }) => {
  const count = (...states) => deliveries.filter((one) => states.includes(one.state)).length;
  return { ...hook, waiting: count('pending', 'again'), dead: count('dead') };
};

/** What is asked of them; null: there is no such. */
export function webhooksAnswer(all, method, [id, what, key, deed], query) {
  if (!id) return { items: all.map(shown), next: null };
  const found = all.find((one) => one.hook.id === Number(id));
  if (!found) return null;
  if (!what && method === 'GET') return shown(found);
  if (what !== 'deliveries') return null;
  if (deed === 'again') {
    const meant = found.deliveries.find((one) => one.id === Number(key) && one.state === 'dead');
    if (!meant) return null;
    Object.assign(meant, { state: 'again', next_at: null });
    return {};
  }
  const items = found.deliveries.filter((one) => !query.state || one.state === query.state);
  const limit = Number(query.limit ?? 100);
  return { items: items.slice(0, limit), next: items.length > limit ? String(items[limit - 1].id) : null };
}
