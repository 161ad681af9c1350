// Signing in, accounts and the audit, against a real host with accounts: one after the other, as an office begins with it.
// UZEL_SHOTS names a folder for pictures of the pages.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { VIEWS, faults } from './looks.mjs';
import { showsHostileNames } from './hostile-flows.mjs';
import { bearsASlowLine, outlivesALostLine } from './line-flows.mjs';
import { asksOnClosing, staysWith } from './unsaved-flows.mjs';

export const ACCOUNT_FLEET = { fleet: 'fleet.toml', devices: 'devices.csv', silent: 1, accounts: true };

const ADMINISTRATOR = { name: 'administrator', password: 'тёплая вода 55' };
const VIEWER = { name: 'smirnova', title: 'Смирнова, Школа 4', password: 'холодная вода 7' };
/** A browser says so itself when nobody is signed in, or a thing is foreign: the page cannot keep it from that. */
const REFUSED = /status of (401|403|404|409|429)/;
const STEP_S = 30;

/** What the flows leave to each other. */
const known = { administrator: null, viewer: null, secret: null, factor: null, step: 0 };

/** A code of the second factor (RFC 6238), later than any before: each holds once. */
async function code() {
  const now = () => Math.floor(Date.now() / 1000 / STEP_S);
  const step = Math.max(known.step + 1, now() - 1);
  // The host takes the step before and after its own.
  while (step > now() + 1) await pause(1_000);
  known.step = step;
  const bits = [...known.factor].map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', key).update(counter).digest();
  return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

async function fill(page, { name, password }) {
  await page.getByLabel('Имя', { exact: true }).fill(name);
  await page.getByLabel('Пароль', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Войти', exact: true }).click();
}

async function choose(page, password) {
  await page.getByRole('heading', { name: 'Выберите пароль' }).waitFor();
  await page.getByLabel('Новый пароль').fill(password);
  await page.getByLabel('Ещё раз').fill(password);
  await page.getByRole('button', { name: 'Сохранить пароль' }).click();
}

const asAdministrator = (options = {}) => ({ state: known.administrator, ...options });
const keep = (page) => page.context().storageState();
const secretOf = async (page) => (await page.locator('dialog.ask .secret').textContent()).trim();

async function startsFirst(stage) {
  const secret = /administrator with the one-time secret (\S+)/.exec(stage.said)?.[1];
  assert.ok(secret, `the host has told no secret: ${stage.said}`);
  await stage.open('/lines?which=busy', { quiet: REFUSED }, async (page) => {
    await page.getByRole('heading', { level: 1, name: 'Вход' }).waitFor();
    assert.equal(await page.locator('nav.side').count(), 0, 'nothing of the client is there before somebody signs in');
    await page.getByRole('button', { name: 'Войти', exact: true }).click();
    await page.getByText('Напишите имя учётной записи.').waitFor();
    await fill(page, { name: 'administrator', password: 'guess' });
    await page.getByText('Имя или пароль не подошли.').waitFor();
    assert.equal(await page.getByLabel('Имя', { exact: true }).inputValue(), 'administrator', 'the name stays');
    await fill(page, { name: 'administrator', password: secret });
    await choose(page, 'administrator 1');
    await page.getByText('В пароле есть имя учётной записи.').waitFor();
    await choose(page, ADMINISTRATOR.password);
    await page.getByRole('heading', { level: 1, name: 'Линии' }).waitFor();
    assert.match(page.url(), /\/lines\?which=busy$/, 'the address that was asked for is there');
    await page.getByRole('link', { name: 'Пользователи' }).waitFor();
    known.administrator = await keep(page);
  });
}

async function slowsGuessingDown(stage) {
  await stage.open('/sign-in', { quiet: REFUSED }, async (page) => {
    const name = 'nobody-of-this-name';
    for (let tries = 0; tries < 5; tries += 1) {
      await fill(page, { name, password: `guess ${tries}` });
      await page.getByText('Имя или пароль не подошли.').waitFor();
    }
    // The wait doubles from one second: at a slow moment it is over before it is seen, and the next is longer.
    const waits = page.getByText(/Слишком много неверных попыток\. Следующая через \d+\sс\./);
    for (let tries = 5; tries < 12 && !(await waits.count()); tries += 1) {
      const answer = page.waitForResponse((one) => one.url().endsWith('/session') && one.request().method() === 'POST');
      await fill(page, { name, password: `guess ${tries}` });
      await answer;
      await page.locator('.gatebox .note').waitFor();
    }
    await waits.waitFor();
    await page.getByText('Можно попробовать снова.').waitFor({ timeout: 70_000 });
  });
}

async function turnsTheSecondFactorOn(stage) {
  await stage.open('/', asAdministrator({ quiet: REFUSED }), async (page) => {
    await page.locator('.top .menu summary').click();
    await page.getByRole('link', { name: 'Моя учётная запись' }).click();
    await page.getByText('администратор: всё').waitFor();
    await page.getByRole('button', { name: 'Включить…' }).click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByLabel(/^Ваш пароль/).fill('not it');
    await dialog.getByRole('button', { name: 'Дальше' }).click();
    await dialog.getByText('Пароль не подошёл.').waitFor();
    await dialog.getByLabel(/^Ваш пароль/).fill(ADMINISTRATOR.password);
    await dialog.getByRole('button', { name: 'Дальше' }).click();
    const path = await dialog.locator('svg.qr path').getAttribute('d');
    assert.ok(path.length > 1_000, 'the QR code is drawn');
    known.factor = (await dialog.locator('.once .mono').textContent()).replaceAll(/\s/g, '');
    assert.match(known.factor, /^[A-Z2-7]{32,}$/);
    if (process.env.UZEL_SHOTS) await page.screenshot({ path: join(process.env.UZEL_SHOTS, 'second-factor.png') });
    await dialog.getByLabel(/^Код, который/).fill('000000');
    await dialog.getByRole('button', { name: 'Включить' }).click();
    await dialog.getByText(/^Код не подошёл/).waitFor();
    await dialog.getByLabel(/^Код, который/).fill(await code());
    await dialog.getByRole('button', { name: 'Включить' }).click();
    await page.getByText('Включён: при входе спрашивается код из приложения.').waitFor();
  });
  await stage.open('/sign-in', { quiet: REFUSED }, async (page) => {
    await fill(page, ADMINISTRATOR);
    await page.getByRole('heading', { name: 'Второй шаг' }).waitFor();
    await page.getByLabel('Код из приложения').fill('12345');
    await page.getByRole('button', { name: 'Войти', exact: true }).click();
    await page.getByText('Напишите шесть цифр.').waitFor();
    await page.getByLabel('Код из приложения').fill(await code());
    await page.getByRole('button', { name: 'Войти', exact: true }).click();
    await page.waitForURL((url) => url.pathname === '/');
    await page.goto(`${stage.base}/account`);
    const rows = page.locator('.usr tbody tr');
    await rows.nth(1).waitFor();
    // The one that goes on is kept, the other is ended.
    await rows.filter({ hasNotText: 'этот' }).first().getByRole('button', { name: /^Закончить вход/ }).click();
    await page.getByText('Вход закончен').waitFor();
    known.administrator = await keep(page);
  });
}

async function makesAViewer(stage) {
  await stage.open('/admin/users', asAdministrator(), async (page) => {
    await page.getByRole('link', { name: 'Добавить…' }).click();
    await page.getByRole('button', { name: 'Создать' }).click();
    await page.getByText(/^Напишите от 1 до 64 букв/).waitFor();
    await page.getByLabel('Имя для входа').fill(VIEWER.name);
    await page.getByLabel('Как называть').fill(VIEWER.title);
    await page.getByRole('button', { name: 'Добавить право' }).click();
    await page.getByText('Найдите и выберите, на что.').waitFor();
    await page.getByLabel('Какой объект').fill('школа');
    await page.getByRole('radio', { name: /^Школа 4/ }).check();
    await page.getByRole('button', { name: 'Добавить право' }).click();
    await page.getByText('наблюдатель: Школа 4').waitFor();
    await page.getByRole('button', { name: 'Создать' }).click();
    known.secret = await secretOf(page);
    assert.ok(known.secret.length > 20);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    // What is shown once does not go by a slip.
    await page.getByRole('button', { name: 'Записал, закрыть' }).click();
    await page.waitForURL(/\/admin\/users\/\d+$/);
    await page.getByText(/^Ждёт первого входа до/).waitFor();
  });
  await stage.open('/admin/users/new', asAdministrator({ quiet: REFUSED }), async (page) => {
    await page.getByLabel('Имя для входа').fill(VIEWER.name.toUpperCase());
    await page.getByLabel('Как называть').fill('Другая');
    await page.getByRole('button', { name: 'Создать' }).click();
    await page.getByText('Такое имя уже есть. Возьмите другое.').waitFor();
  });
}

async function showsOnlyWhatIsGranted(stage) {
  await stage.open('/', { quiet: REFUSED }, async (page) => {
    await fill(page, { name: VIEWER.name, password: known.secret });
    await choose(page, VIEWER.password);
    await page.getByRole('heading', { level: 1, name: 'Внимание' }).waitFor();
    known.viewer = await keep(page);
  });
  await stage.open('/sites', { state: known.viewer }, async (page) => {
    const forbidden = [];
    page.on('response', (answer) => answer.status() === 403 && forbidden.push(answer.url()));
    await page.locator('.places tbody a.node', { hasText: 'Школа 4' }).first().waitFor();
    assert.equal(await page.locator('.places tbody tr').count(), 1, 'one site, and no other');
    const sections = await page.locator('nav.side a.nav span').allTextContents();
    assert.deepEqual(sections, ['Внимание', 'Объекты', 'Сеансы', 'Карта', 'Линии', 'Расписания'], 'sections that it cannot use are absent');
    const device = await page.evaluate(async () => (await (await fetch('/api/v1/devices')).json()).items[0].id);
    const point = await page.evaluate(async () => (await (await fetch('/api/v1/points')).json()).items[0].id);
    const node = await page.evaluate(async () => (await (await fetch('/api/v1/nodes')).json()).items[0].id);
    for (const path of ['/', '/map', '/devices', `/devices/${device}`, `/devices/${device}?kind=settings`, `/devices/${device}?kind=health`, `/points/${point}`, `/nodes/${node}`, '/sessions', '/lines', '/tunnels', '/admin/schedules', '/account']) {
      await page.goto(stage.base + path);
      await page.locator('main h1').waitFor();
      await page.waitForLoadState('networkidle').catch(() => {});
      for (const word of ['Прочитать сейчас', 'Квитировать', 'Открыть туннель…', 'Изменить…', 'Прервать']) {
        assert.equal(await page.getByRole('button', { name: word }).count() + (await page.getByRole('link', { name: word }).count()), 0, `${word} on ${path}`);
      }
    }
    assert.deepEqual(forbidden, [], 'no page asks for what it may not have');
    for (const path of ['/admin/users', '/admin/audit', '/admin/system', '/drivers', '/callers']) {
      await page.goto(stage.base + path);
      await page.getByText('Такой страницы нет, или она вам не открыта.').waitFor();
    }
  });
}

async function comesBackToTheSamePage(stage) {
  await stage.open('/lines', { state: known.viewer, quiet: REFUSED }, async (page) => {
    await page.locator('.lns tbody tr .st').first().waitFor();
    await page.getByLabel('Отбор линий').fill('школа');
    await page.goto(`${stage.base}/account`);
    await page.getByLabel('Прежний пароль').fill('half typed');
    await stage.open('/admin/users', asAdministrator(), async (office) => {
      await office.getByRole('link', { name: VIEWER.title }).click();
      await office.getByRole('button', { name: 'Закончить все входы…' }).click();
      const dialog = office.locator('dialog.ask');
      await dialog.getByText(/^Закончится 1\sвход/).waitFor();
      await dialog.getByRole('button', { name: 'Закончить входы' }).click();
      await office.getByText(`${VIEWER.name}: входы закончены`).waitFor();
    });
    // The stream ends with the sign-in: nobody has to click to learn of it.
    const gate = page.locator('dialog.gate');
    await gate.getByText('Вход закончился').waitFor();
    assert.equal(await gate.getByLabel('Имя', { exact: true }).inputValue(), VIEWER.name);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await gate.getByLabel('Пароль', { exact: true }).fill(VIEWER.password);
    if (process.env.UZEL_SHOTS) await page.screenshot({ path: join(process.env.UZEL_SHOTS, 'ended.png') });
    await gate.getByRole('button', { name: 'Войти', exact: true }).click();
    await gate.waitFor({ state: 'detached' });
    assert.match(page.url(), /\/account$/);
    assert.equal(await page.getByLabel('Прежний пароль').inputValue(), 'half typed', 'what was typed is still there');
    await page.getByText('На связи').waitFor();
    await page.locator('.usr tbody tr').first().waitFor();
    known.viewer = await keep(page);
  });
}

async function readsOnAfterTheSignIn(stage) {
  await stage.open('/sites', { state: known.viewer, quiet: REFUSED }, async (page) => {
    await page.locator('.places tbody a.node').first().waitFor();
    // A sign-in that has lapsed while nobody streamed: the cookie is worth nothing, the next request finds that out.
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'Сеансы' }).first().click();
    const gate = page.locator('dialog.gate');
    await gate.getByLabel('Пароль', { exact: true }).fill(VIEWER.password);
    await gate.getByRole('button', { name: 'Войти', exact: true }).click();
    await gate.waitFor({ state: 'detached' });
    await page.waitForURL(/\/sessions$/);
    await page.locator('main h1', { hasText: 'Сеансы' }).waitFor();
    await page.locator('.hist tbody tr td.idc a').first().waitFor();
    assert.equal(await page.locator('main [role=alert]').count(), 0, 'what was being read is read on');
    // What would have changed something waits for its person to ask again: nobody knows who comes back, and when.
    await page.goto(`${stage.base}/account`);
    await page.getByLabel('Прежний пароль').fill(VIEWER.password);
    await page.getByLabel('Новый пароль').fill('солнечный день 31');
    await page.getByLabel('Ещё раз').fill('солнечный день 31');
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Сменить пароль' }).click();
    await gate.getByLabel('Пароль', { exact: true }).fill(VIEWER.password);
    await gate.getByRole('button', { name: 'Войти', exact: true }).click();
    await gate.waitFor({ state: 'detached' });
    await page.getByText('Вход закончился. Войдите и повторите.').waitFor();
    assert.equal(await page.getByLabel('Ещё раз').inputValue(), 'солнечный день 31', 'what was typed is still there');
    VIEWER.password = 'солнечный день 31';
    await page.getByRole('button', { name: 'Сменить пароль' }).click();
    await page.getByText('Пароль сменён. В других местах вход закончен.').waitFor();
    known.viewer = await keep(page);
  });
}

async function handsOutKeys(stage) {
  const asks = async (key) => (await fetch(`${stage.base}/api/v1/devices`, { headers: { authorization: `Bearer ${key}` } })).status;
  await stage.open('/admin/users/new', asAdministrator(), async (page) => {
    await page.getByRole('radio', { name: /^программа/ }).check();
    await page.getByLabel('Имя для входа').fill('billing');
    await page.getByLabel('Как называть').fill('Расчёты');
    await page.getByLabel('На что').selectOption('everything');
    await page.getByRole('button', { name: 'Добавить право' }).click();
    await page.getByRole('button', { name: 'Создать' }).click();
    await page.waitForURL(/\/admin\/users\/\d+$/);
    await page.getByText('Ключей нет: программа ничего не может.').waitFor();
    await page.getByRole('button', { name: 'Выдать ключ…' }).click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByRole('button', { name: 'Выдать ключ' }).click();
    await dialog.getByText(/^Напишите, для чего ключ/).waitFor();
    await dialog.getByLabel('Для чего ключ').fill('Выгрузка');
    await dialog.getByLabel(/^Откуда/).fill('127.0.0.0/8\noffice');
    await dialog.getByRole('button', { name: 'Выдать ключ' }).click();
    await dialog.getByText('«office» не адрес.').waitFor();
    await dialog.getByLabel(/^Откуда/).fill('127.0.0.0/8');
    await dialog.getByRole('button', { name: 'Выдать ключ' }).click();
    await page.getByRole('heading', { name: 'Ключ программы' }).waitFor();
    const first = await secretOf(page);
    await page.getByRole('button', { name: 'Записал, закрыть' }).click();
    assert.equal(await asks(first), 200);
    await page.getByRole('button', { name: 'Заменить ключ Выгрузка' }).click();
    await dialog.getByLabel(/^Часов/).fill('721');
    await dialog.getByRole('button', { name: 'Заменить' }).click();
    await dialog.getByText('Напишите целое число от 0 до 720.').waitFor();
    await dialog.getByLabel(/^Часов/).fill('0');
    await dialog.getByRole('button', { name: 'Заменить' }).click();
    await page.getByRole('heading', { name: 'Ключ программы' }).waitFor();
    const second = await secretOf(page);
    await page.getByRole('button', { name: 'Записал, закрыть' }).click();
    assert.deepEqual([await asks(first), await asks(second)], [401, 200]);
    if (process.env.UZEL_SHOTS) await page.screenshot({ path: join(process.env.UZEL_SHOTS, 'keys.png'), fullPage: true });
    await page.getByRole('button', { name: 'Отозвать ключ Выгрузка' }).click();
    await dialog.getByRole('button', { name: 'Отозвать', exact: true }).click();
    await page.getByText('Ключ отозван').waitFor();
    assert.equal(await asks(second), 401);
    assert.ok(!(await page.content()).includes(second), 'a key is not shown again');
  });
}

async function changesRights(stage) {
  await stage.open('/admin/users', asAdministrator({ quiet: REFUSED }), async (page) => {
    await page.getByLabel('Имя или права').fill('школа');
    await page.getByRole('link', { name: VIEWER.title }).click();
    await page.getByRole('button', { name: 'Убрать: наблюдатель: Школа 4' }).click();
    await page.getByText('Права изменены, но не сохранены.').waitFor();
    await page.getByLabel('Роль').selectOption('dispatcher');
    await page.getByLabel('Какой объект').fill('irjkf');
    await page.getByRole('radio', { name: /^Школа 4/ }).check();
    await page.getByRole('button', { name: 'Добавить право' }).click();
    await page.getByRole('button', { name: 'Сохранить права' }).click();
    await page.getByText('Права сохранены').waitFor();
    await page.goto(`${stage.base}/admin/users?q=administrator`);
    await page.locator('.usr tbody a').first().click();
    await page.getByRole('button', { name: 'Отключить…' }).click();
    await page.locator('dialog.ask').getByRole('button', { name: 'Отключить', exact: true }).click();
    await page.getByText(/Это последний, кто управляет всем\./).waitFor();
  });
  await stage.open('/devices', { state: known.viewer }, async (page) => {
    await page.getByRole('button', { name: /^Прочитать сейчас/ }).first().waitFor();
  });
}

async function asksBeforeItIsLost(stage) {
  await stage.open('/admin/users?q=школа', asAdministrator({ quiet: REFUSED }), async (page) => {
    await page.getByRole('link', { name: VIEWER.title }).click();
    // Rights that are changed, and such that are half said.
    await page.getByRole('button', { name: /^Убрать: / }).first().click();
    await staysWith(page, () => page.goBack(), page.getByLabel('Роль'), 'viewer');
    await page.getByText('Права изменены, но не сохранены.').waitFor();
    await page.getByRole('button', { name: 'Вернуть как было' }).click();
    await page.getByLabel('Роль').selectOption('vendor');
    const vendor = page.getByRole('textbox', { name: 'Поставщик' });
    await vendor.fill('Заря');
    await staysWith(page, () => page.goBack(), vendor, 'Заря');
    await vendor.fill('');
    await page.goBack();
    await page.getByRole('link', { name: 'Добавить…' }).click();
    const name = page.getByLabel('Имя для входа');
    await name.fill('petrova');
    await staysWith(page, () => page.locator('nav.side').getByRole('link', { name: 'Аудит' }).click(), name, 'petrova');
    assert.equal(await asksOnClosing(page), true);
    await page.getByRole('link', { name: 'Отмена' }).click();
    await page.getByRole('button', { name: 'Уйти без сохранения' }).click();
    await page.waitForURL(/\/admin\/users$/);

    await page.goto(`${stage.base}/account`);
    const chosen = page.getByLabel('Новый пароль');
    await chosen.fill('почти выбран 7');
    await staysWith(page, () => page.getByRole('button', { name: 'Выйти', exact: true }).first().click(), chosen, 'почти выбран 7');
    await chosen.fill('');
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Пользователи' }).waitFor();
  });
}

/** Makes an account by the API, and signs in with it; gives what its browser keeps. */
async function signedIn(stage, name, grants) {
  const password = `вода для ${[...name].reverse().join('')}`;
  const secret = await stage.open('/account', asAdministrator(), (page) =>
    page.evaluate(async (body) => {
      const headers = { 'content-type': 'application/json' };
      return (await (await fetch('/api/v1/accounts', { method: 'POST', headers, body: JSON.stringify(body) })).json()).secret;
    }, { name, title: name, kind: 'person', grants }));
  return stage.open('/sign-in', { quiet: REFUSED }, async (page) => {
    await fill(page, { name, password: secret });
    await choose(page, password);
    await page.locator('nav.side').waitFor();
    return keep(page);
  });
}

const OBSERVER = ['Внимание', 'Объекты', 'Сеансы', 'Карта', 'Линии'];

async function givesEachRoleItsSections(stage) {
  const [organisation, vendor] = await stage.open('/account', asAdministrator(), (page) =>
    page.evaluate(async () => {
      const first = async (path) => (await (await fetch(`/api/v1${path}`)).json()).items[0];
      return [(await first('/organisations')).id, (await first('/drivers/versions')).vendor];
    }));
  /** @type {[string, object[], string[]][]} */
  const roles = [
    ['dispatcher', [{ role: 'dispatcher' }], [...OBSERVER, 'Расписания']],
    ['engineer', [{ role: 'engineer' }], [...OBSERVER, 'Драйверы', 'Расписания']],
    ['owner', [{ role: 'administrator', organisation }], [...OBSERVER, 'Приборы', 'Драйверы', 'Расписания', 'Аудит']],
    ['maker', [{ role: 'vendor', vendor }], ['Драйверы']],
    ['newcomer', [], []],
  ];
  for (const [name, grants, sections] of roles) {
    const state = await signedIn(stage, name, grants);
    await stage.open('/', { state }, async (page) => {
      const refused = [];
      page.on('response', (answer) => answer.status() >= 400 && refused.push(`${answer.status()} ${answer.url()}`));
      await page.locator('nav.side').waitFor();
      await page.locator('main h1').waitFor();
      const links = page.locator('nav.side a.nav');
      assert.deepEqual(await links.locator('span').allTextContents(), sections, name);
      if (sections.length === 0) await page.getByText('Вам пока ничего не открыто. Права даёт администратор.').waitFor();
      for (let i = 0; i < sections.length; i += 1) {
        await links.nth(i).click();
        await page.locator('nav.side a.nav[aria-current=page]', { hasText: sections[i] }).waitFor();
        await page.locator('main h1').waitFor();
        await page.waitForLoadState('networkidle', { timeout: 2_000 }).catch(() => {});
      }
      if (sections.includes('Драйверы')) {
        await page.goto(`${stage.base}/drivers/vkt7`);
        await page.locator('main h1', { hasText: 'vkt7' }).waitFor();
        await page.waitForLoadState('networkidle', { timeout: 2_000 }).catch(() => {});
        assert.equal(await page.getByRole('button', { name: /Установить|Карантин|Откатить/ }).count(), 0, `${name} may not change drivers`);
      }
      assert.deepEqual(refused, [], `${name} is shown what it may not have`);
    });
  }
}

async function keepsPeopleApart(stage) {
  await stage.open('/account', { state: known.viewer, quiet: REFUSED }, async (page) => {
    await page.getByLabel('Прежний пароль').fill('of somebody else');
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'Сеансы' }).first().click();
    await page.goBack();
    const gate = page.locator('dialog.gate');
    await gate.getByLabel('Имя', { exact: true }).fill('dispatcher');
    await gate.getByText('Войдёт кто-то другой: страница откроется заново.').waitFor();
    await gate.getByLabel('Пароль', { exact: true }).fill('вода для rehctapsid');
    await gate.getByRole('button', { name: 'Войти', exact: true }).click();
    await gate.waitFor({ state: 'detached' });
    await page.getByText('диспетчер: всё').waitFor();
    assert.equal(await page.getByLabel('Прежний пароль').inputValue(), '', 'nothing of another is left');
  });
}

async function writesEverythingDown(stage) {
  await stage.open('/admin/audit', asAdministrator(), async (page) => {
    const row = (text) => page.locator('.aud tbody tr', { hasText: text });
    await row('изменены права').first().waitFor();
    const change = row('изменены права').first();
    assert.match(await change.locator('.chg del').textContent(), /наблюдатель/);
    assert.match(await change.locator('.chg ins').textContent(), /диспетчер/);
    await row('создана учётная запись').first().waitFor();
    await row('вход закончен').first().waitFor();
    const text = await page.locator('.aud').textContent();
    for (const secret of [known.secret, known.factor, ADMINISTRATOR.password, VIEWER.password]) assert.ok(!text.includes(secret), 'a secret is in the audit');
    await page.getByLabel('Кто', { exact: true }).fill(VIEWER.name);
    await page.keyboard.press('Enter');
    await page.waitForURL(/who=smirnova/);
    await row('изменены права').first().waitFor({ state: 'detached' });
    await row('выбран пароль').first().waitFor();
    await page.reload();
    await row('выбран пароль').first().waitFor();
    assert.equal(await row('создана учётная запись').count(), 0, 'a reload keeps the filter');
    await page.getByRole('button', { name: 'Сбросить отбор' }).click();
    await page.getByLabel('Действие').selectOption('account.create');
    await page.waitForURL(/deed=account\.create/);
    await row('выдан ключ').first().waitFor({ state: 'detached' });
    await row(VIEWER.name).getByRole('button', { name: /^Только это/ }).click();
    await page.waitForURL(/subject=account&id=\d+/);
    await page.goBack();
    await page.getByLabel('С', { exact: true }).fill('2000-01-01');
    await page.getByLabel('По', { exact: true }).fill('2000-01-31');
    await page.getByText('Под отбор ничего не подходит.').waitFor();
  });
  await stage.open('/admin/audit', asAdministrator(), async (page) => {
    await page.route('**/api/v1/audit*', (route) => route.continue({ url: route.request().url().replace('limit=100', 'limit=5') }));
    await page.reload();
    const rows = page.locator('.aud tbody tr');
    await rows.nth(4).waitFor();
    assert.equal(await rows.count(), 5);
    await page.getByRole('button', { name: 'Показать ещё' }).click();
    await rows.nth(9).waitFor();
    const all = await rows.allTextContents();
    assert.equal(new Set(all.map((row) => row.trim())).size > 5, true, 'the second page is another one');
  });
}

const PAGES = (user) => [
  ['/account', '.usr tbody tr'], ['/admin/users', '.usr tbody tr'], ['/admin/users/new', '.addg'], [`/admin/users/${user}`, '.addg'], ['/admin/audit', '.aud tbody tr'],
];

async function looksRight(stage) {
  const found = [];
  const cookies = { state: known.administrator };
  const { items } = await stage.open('/account', cookies, (page) => page.evaluate(async () => (await fetch('/api/v1/accounts')).json()));
  const user = items.find((one) => one.name === 'billing').id;
  for (const view of VIEWS) {
    await stage.open('/sign-in', { ...view, quiet: REFUSED }, async (page) => {
      await page.locator('.gatebox h1').waitFor();
      await page.getByRole('button', { name: 'EN', exact: true }).waitFor();
      found.push(...(await faults(page, '/sign-in', view)));
    });
    for (const [path, mark] of PAGES(user)) {
      await stage.open(path, { ...view, ...cookies }, async (page) => {
        await page.locator(mark).first().waitFor();
        found.push(...(await faults(page, path, view)));
      });
    }
  }
  assert.deepEqual(found, []);
}

async function signsOut(stage) {
  await stage.open('/sites', { state: known.viewer, quiet: REFUSED }, async (page) => {
    await page.locator('.top .menu summary').click();
    await page.getByRole('button', { name: 'Выйти' }).click();
    await page.getByRole('heading', { level: 1, name: 'Вход' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Вход' }).waitFor();
    assert.equal(await page.getByText('Школа 4').count(), 0, 'nothing of what was seen is left');
  });
}

export const accountFlows = {
  'the first start ends with a password of one\'s own': startsFirst,
  'guessing is slowed down and told how long': slowsGuessingDown,
  'the second factor is turned on and asked for': turnsTheSecondFactorOn,
  'a viewer is made and its secret shown once': makesAViewer,
  'a viewer sees what is granted and nothing else': showsOnlyWhatIsGranted,
  'a sign-in that was ended leads back to the same page': comesBackToTheSamePage,
  'what was being read is read on after the sign-in': readsOnAfterTheSignIn,
  'keys of programs are given, replaced, revoked': handsOutKeys,
  'rights are changed and hold at once': changesRights,
  'what was typed is asked for before it is lost': asksBeforeItIsLost,
  'each role has its sections': givesEachRoleItsSections,
  'nothing is left to another person': keepsPeopleApart,
  'the audit tells what was done': writesEverythingDown,
  'pages look right in every view': looksRight,
  'a lost line is said, and mended without a reload': (stage) => outlivesALostLine(stage, known.administrator),
  'a slow line is waited for': (stage) => bearsASlowLine(stage, known.administrator),
  'hostile names are shown as they are written': (stage) => showsHostileNames(stage, known.administrator),
  'signing out leaves nothing': signsOut,
};
