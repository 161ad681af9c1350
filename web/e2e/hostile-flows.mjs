// Names and texts that somebody has made to do harm: markup, quotes, signs that turn the direction of writing, 200 letters
// without a break, figures of many signs. They are shown as they are written; nothing runs, and nothing is pushed off the screen.

import assert from 'node:assert/strict';
import { join } from 'node:path';

const LONGEST = 200;
/** Sets what must stay unset, by a tag, by an attribute that a quote lets out, by a template. */
export const NAMES = [
  '<script>globalThis.evil=1</script><img src=x onerror=globalThis.evil=1>',
  '"\'`><b onmouseover=globalThis.evil=1 autofocus onfocus=globalThis.evil=1>&lt;{{7*7}}${globalThis.evil=1}',
  `\u202eшкола\u2067 עברית \u200f№ 4`,
  'W'.repeat(LONGEST),
  '👨‍👩‍👧‍👦🔥🏳️‍🌈'.repeat(4),
];
const [TAGS, , , LONG] = NAMES;
const PHONE = 390;

/** By the API, as whoever is signed in; throws what the server says. */
const ask = (page, method, path, body) =>
  page.evaluate(async ([how, where, what]) => {
    const answer = await fetch(`/api/v1${where}`, { method: how, headers: { 'content-type': 'application/json' }, ...(what ? { body: JSON.stringify(what) } : {}) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${how} ${where}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }, [method, path, body]);

/** Gives everything there is a name of these; resolves to where it is shown. */
async function rename(page) {
  const { items } = await ask(page, 'GET', '/devices?limit=500');
  const shown = [];
  const seen = new Set();
  const once = async (path, body) => {
    if (seen.has(path)) return;
    seen.add(path);
    await ask(page, 'PATCH', path, body);
  };
  for (const [i, device] of items.entries()) {
    const name = NAMES[i % NAMES.length];
    const line = device.routes[0].line.id;
    await once(`/sites/${device.site.id}`, { name, address: name });
    await once(`/nodes/${device.node.id}`, { name });
    for (const point of device.points) await once(`/points/${point.id}`, { name: point.input > 1 ? `${point.input}${name}`.slice(0, LONGEST) : name });
    await once(`/lines/${line}`, { name });
    await once(`/devices/${device.id}`, { name });
    shown.push({ name, device: device.id, node: device.node.id, point: device.points[0].id, line });
  }
  const owners = (await ask(page, 'GET', '/organisations')).items;
  for (const [i, one] of owners.entries()) await once(`/organisations/${one.id}`, { name: NAMES[i % NAMES.length] });
  for (const name of NAMES.slice(owners.length)) await ask(page, 'POST', '/organisations', { name });
  for (const name of NAMES) await ask(page, 'POST', '/groups', { name, schedule: 'every 60m: clock', clock_policy: 'off' });
  const made = [];
  for (const [i, title] of NAMES.entries()) {
    made.push(await ask(page, 'POST', '/accounts', { name: `hostile-${i}`, title, kind: 'machine', grants: [{ role: 'viewer', site: items[i % items.length].site.id }] }));
  }
  const user = made[0].account.id;
  for (const name of [TAGS, LONG]) await ask(page, 'POST', `/accounts/${user}/keys`, { name, rights: ['see'], addresses: [], ends_at: null });
  return { shown, user };
}

/** What a driver, a meter or a caller says comes by the same ways: its texts are put in place of what really came. */
const SAID = new Set(['title', 'text', 'detail', 'hint', 'why', 'greeting', 'identity', 'description', 'vendor', 'fault', 'reason_text', 'label']);
const SPEAKERS = /\/api\/v1\/(drivers|sessions|callers|modems|devices\/\d+\/(events|settings|health)|lines\/\d+|attention|audit)/;
function overwrite(value, next) {
  if (Array.isArray(value)) return value.map((one) => overwrite(one, next));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => {
    if (SAID.has(key) && typeof one === 'string') return [key, next()];
    if (SAID.has(key) && one && typeof one === 'object' && typeof one.ru === 'string') return [key, { ru: next(), en: next() }];
    return [key, overwrite(one, next)];
  }));
}
async function speakBadly(page) {
  let turn = 0;
  await page.route(SPEAKERS, async (route) => {
    const answer = await route.fetch();
    if (!/json/.test(answer.headers()['content-type'] ?? '')) return route.fulfill({ response: answer });
    return route.fulfill({ response: answer, json: overwrite(await answer.json(), () => NAMES[(turn += 1) % NAMES.length]) });
  });
}

/** Goes through pages of one browser, and gives what is wrong with them. */
async function walk(page, base, paths, where) {
  const found = [];
  page.on('dialog', (dialog) => {
    found.push(`${page.url()} opened a dialog`);
    void dialog.dismiss();
  });
  for (const [path, name] of paths) {
    await page.goto(`${base}${path}`);
    await page.locator('main h1').first().waitFor();
    await page.waitForFunction(() => !document.querySelector('main .skels'));
    if (name) await page.waitForFunction((text) => document.body.textContent.includes(text), name).catch(() => {});
    const told = await page.evaluate(() => ({
      evil: globalThis.evil !== undefined, over: document.documentElement.scrollWidth - innerWidth, title: document.title, text: document.body.textContent,
      made: document.querySelectorAll('main script, [onmouseover], [onerror], [onfocus]').length,
    }));
    if (told.evil) found.push(`${path} ${where}: something ran`);
    if (told.made > 0) found.push(`${path} ${where}: a name has become elements`);
    if (told.over > 0) found.push(`${path} ${where}: ${told.over} px too wide`);
    if (name && !told.text.includes(name)) found.push(`${path} ${where}: ${name.slice(0, 20)} is not shown as it is written`);
    if (name === TAGS && /^\/(nodes|devices|points|lines)\//.test(path) && !told.title.includes(TAGS)) found.push(`${path} ${where}: the title is ${told.title}`);
    if (process.env.UZEL_SHOTS) await page.screenshot({ path: join(process.env.UZEL_SHOTS, `hostile-${where}${path.replaceAll(/\W+/g, '-')}.png`), fullPage: true });
  }
  return found;
}

/** `state`: an administrator of everything. */
export async function showsHostileNames(stage, state) {
  const { shown, user } = await stage.open('/account', { state }, rename);
  const of = (kind) => (kind === 'devices' ? '/admin/devices' : `/admin/devices?of=${kind}`);
  const lists = [
    ['/'], ['/sites', TAGS], ['/sites?q=script', TAGS], ['/map'], ['/devices', TAGS], ['/sessions', TAGS], ['/lines', TAGS], ['/callers'], ['/tunnels'],
    ...['devices', 'organisations', 'sites', 'nodes', 'points', 'lines', 'groups'].map((kind) => [of(kind), TAGS]),
    ['/admin/schedules', TAGS], ['/admin/users', TAGS], [`/admin/users/${user}`, TAGS], ['/admin/audit'], ['/admin/system'],
  ];
  const objects = ({ name, device, node, point, line }) => {
    const few = [[`/nodes/${node}`, name], [`/points/${point}`, name]];
    const more = [[`/devices/${device}`, name], [`/lines/${line}`, name], [`/admin/devices/${device}`, name], [`/devices/${device}?kind=settings`, name], [`/admin/devices/${device}?do=replace`, name]];
    return name === LONG || name === TAGS ? [...few, ...more] : few;
  };
  const details = shown.flatMap(objects);
  const phone = await stage.open('/account', { state, width: PHONE }, (page) => walk(page, stage.base, [...lists, ...details], 'phone'));
  const desk = await stage.open('/account', { state }, (page) => walk(page, stage.base, [...lists, ...objects(shown.find(({ name }) => name === LONG) ?? shown[0])], 'desk'));
  assert.deepEqual([...phone, ...desk], []);

  // A dialog asks about such a name, a field holds it, and a name that is too long is refused in words.
  await stage.open('/admin/devices?of=organisations', { state, width: PHONE, quiet: /422/ }, async (page) => {
    await page.locator('.kept tbody tr', { hasText: LONG }).getByRole('button', { name: /^(В архив|Изменить)/ }).first().click();
    const dialog = page.locator('dialog.ask');
    assert.equal(await dialog.evaluate((one) => one.scrollWidth - one.clientWidth), 0, 'a dialog about a long name is no wider than itself');
    await dialog.getByLabel('Название').fill('Ж'.repeat(LONGEST));
    await dialog.getByRole('button', { name: 'Сохранить' }).click();
    await dialog.locator('.fld.bad .err').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.kept tbody tr', { hasText: LONG }).getByRole('button', { name: /^В архив/ }).click();
    await dialog.getByText(LONG).first().waitFor();
    assert.equal(await dialog.evaluate((one) => one.scrollWidth - one.clientWidth), 0);
  });

  // What drivers, meters and callers say.
  const session = await stage.open('/account', { state }, async (page) => (await ask(page, 'GET', '/sessions?limit=50')).items.find((one) => one.bytes_received > 0).id);
  const speaking = ['/', `/sessions/${session}`, '/sessions', '/drivers', '/drivers/vkt7', '/callers', `/devices/${shown[0].device}?kind=settings`, `/devices/${shown[0].device}?kind=events`, '/admin/audit', '/admin/devices/new'].map((path) => [path]);
  for (const width of [PHONE, 1440]) {
    const found = await stage.open('/account', { state, width }, async (page) => {
      await speakBadly(page);
      const wrong = await walk(page, stage.base, speaking, `said-${width}`);
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      return wrong;
    });
    assert.deepEqual(found, []);
  }
}
