// Webhooks against a real host and a real receiver on this machine, which the host's configuration allows: made, told,
// repeated, changed, disabled, removed. UZEL_SHOTS names a folder for pictures of the pages.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { listening } from './listening.mjs';
import { VIEWS, faults, violations } from './looks.mjs';

export const HOOKED_FLEET = { fleet: 'fleet.toml', devices: 'devices.csv', silent: 1, config: "[webhooks]\ninsecure = true\nnetworks = ['127.0.0.1']\n" };

/** A session is read, told, refused and told again after ten seconds. */
const TELL_MS = 90_000;
const LIST = '/admin/system/webhooks';
const button = (page, name) => page.getByRole('button', { name, exact: true });
const secretOf = async (page) => (await page.locator('dialog.ask .secret').textContent()).trim();

/** What the flows leave to each other. */
const known = { receiver: null, secret: null, page: null };

/** A program that is told: it keeps what comes, and answers what it is given to answer, else 200. */
async function receiver() {
  const [got, answers, watchers] = [[], [], new Set()];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    got.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
    response.writeHead(answers.shift() ?? 200).end();
    for (const watcher of watchers) watcher();
  });
  return {
    url: `${await listening(server)}/uzel`,
    got,
    answers,
    /** Resolves to the first of what came that fits. */
    until: (fits) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not told; what came: ${got.map((one) => one.body.slice(0, 200)).join('\n')}`)), TELL_MS);
      const look = () => {
        const found = got.find(fits);
        if (!found) return;
        clearTimeout(timer);
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    }),
    stop: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

const isSigned = ({ headers, body }, secret) =>
  headers['x-uzel-signature'] === `sha256=${createHmac('sha256', secret).update(`${headers['x-uzel-timestamp']}.${body}`).digest('hex')}`;

/** Something happens: a meter is read. */
async function readsAMeter(stage) {
  const device = await stage.deviceWithHours();
  const answer = await fetch(`${stage.base}/api/v1/devices/${device.id}/read-now`, {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-uzel': 'flows' }, body: JSON.stringify({ what: ['clock'], from: null, to: null }),
  });
  assert.ok(answer.ok, `read now answers ${answer.status}: ${await answer.text()}`);
}

async function isMade(stage) {
  known.receiver = await receiver();
  known.receiver.answers.push(500);
  await stage.open('/admin/system', { quiet: /status of 422/ }, async (page) => {
    await page.getByRole('link', { name: 'Вебхуки' }).click();
    await page.getByText('Вебхуков ещё нет.').waitFor();
    await button(page, 'Добавить вебхук…').click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByText('Сейчас она разрешает http; внутренние сети: 127.0.0.1.').waitFor();
    await button(dialog, 'Создать').click();
    for (const fault of ['Напишите от 1 до 100 знаков.', 'Это не адрес.', 'Отметьте хотя бы одно.']) await dialog.getByText(fault).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.closest('.fld')?.querySelector('label')?.textContent), 'Название', 'the first wrong field has the focus');
    assert.deepEqual(await violations(page, 'faults of a webhook'), []);
    await dialog.getByLabel('Название').fill('Расчёты');
    await dialog.getByLabel('Адрес').fill('https://user:secret@erp.example/');
    await dialog.getByText('В адресе имя или пароль.').waitFor();
    await dialog.getByRole('checkbox', { name: /^сеансы/ }).check();
    await dialog.getByLabel('Адрес').fill('http://10.1.2.3/uzel');
    await button(dialog, 'Создать').click();
    await dialog.getByText('Адрес ведёт во внутреннюю сеть, на 10.1.2.3.').waitFor();
    assert.equal(await dialog.locator('[lang=en]').count(), 0, 'the refusal is in the language of the page');
    await dialog.getByLabel('Адрес').fill(known.receiver.url);
    await button(dialog, 'Создать').click();
    await page.getByRole('heading', { name: 'Секрет вебхука' }).waitFor();
    known.secret = await secretOf(page);
    assert.match(known.secret, /^uzh_/);
    await button(page, 'Записал, закрыть').click();
    await page.getByRole('heading', { level: 1, name: 'Расчёты' }).waitFor();
    await page.getByText('Отправок ещё нет').waitFor();
    assert.ok(!(await page.content()).includes(known.secret), 'the secret is not shown again');
    known.page = new URL(page.url()).pathname;
  });
}

async function isTold(stage) {
  await stage.open(known.page, {}, async (page) => {
    await page.getByText('Отправок ещё нет').waitFor();
    await readsAMeter(stage);
    const told = await known.receiver.until((one) => JSON.parse(one.body).items.some((item) => item.kind === 'session'));
    assert.ok(isSigned(told, known.secret), 'it is signed with the secret that was shown');
    const row = page.locator('.usr tbody tr').first();
    await row.getByText('Повторяется').waitFor();
    await row.getByText('Получатель ответил 500, ждём 2xx').waitFor();
    await row.getByText(/^повтор через/).waitFor();
    await page.locator('.ph').getByText('Не принимает').waitFor();
    await row.getByText('Принята').waitFor({ timeout: TELL_MS });
    await row.getByText('принял, 200').waitFor();
    assert.match(await row.locator('td.num').textContent(), /^2$/);
    await page.locator('.ph').getByText('Принимает', { exact: true }).waitFor();
    await button(page, 'Недоставленные').click();
    await page.waitForURL(/state=dead/);
    await page.getByText('Таких отправок нет.').waitFor();
  });
}

async function isTested(stage) {
  known.receiver.answers.push(401);
  await stage.open(known.page, {}, async (page) => {
    await button(page, 'Проверить').click();
    const row = page.locator('.usr tbody tr').first();
    await row.getByText('Получатель ответил 401, ждём 2xx').waitFor();
    await row.getByText('Проверка', { exact: false }).first().waitFor();
    await page.locator('.ph').getByText('Не принимает').waitFor();
    await button(page, 'Проверить').click();
    await row.getByText('принял, 200').waitFor();
    await page.locator('.ph').getByText('Принимает', { exact: true }).waitFor();
    const tests = known.receiver.got.filter((one) => JSON.parse(one.body).kind === 'test');
    assert.deepEqual(tests.map((one) => isSigned(one, known.secret)), [true, true]);
  });
}

async function hasAnotherSecret(stage) {
  await stage.open(known.page, {}, async (page) => {
    await button(page, 'Новый секрет…').click();
    await page.locator('dialog.ask').getByText('Прежний секрет сразу перестанет подписывать.').waitFor();
    await button(page, 'Заменить секрет').click();
    await page.getByRole('heading', { name: 'Секрет вебхука' }).waitFor();
    const fresh = await secretOf(page);
    assert.notEqual(fresh, known.secret);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Секрет вебхука' }).waitFor();
    await button(page, 'Записал, закрыть').click();
    const before = known.receiver.got.length;
    await readsAMeter(stage);
    const told = await known.receiver.until((one) => known.receiver.got.indexOf(one) >= before);
    assert.deepEqual([isSigned(told, fresh), isSigned(told, known.secret)], [true, false]);
    known.secret = fresh;
  });
}

async function isChanged(stage) {
  const gone = await receiver();
  await gone.stop();
  await stage.open(LIST, { quiet: /status of 409/ }, async (page) => {
    await button(page, 'Добавить вебхук…').click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByLabel('Название').fill('Расчёты');
    await dialog.getByLabel('Адрес').fill('https://erp.example/');
    await dialog.getByRole('checkbox', { name: /^записи/ }).check();
    await button(dialog, 'Создать').click();
    await dialog.getByRole('alert').getByText('Вебхук «Расчёты» уже есть. Назовите иначе').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });

    await page.getByRole('link', { name: 'Расчёты' }).click();
    await button(page, 'Изменить…').click();
    await dialog.getByLabel('Название').fill('Учёт и расчёты');
    await dialog.getByLabel('Адрес').fill(gone.url);
    await dialog.getByRole('checkbox', { name: /^управление/ }).check();
    await button(dialog, 'Сохранить').click();
    await page.getByRole('heading', { level: 1, name: 'Учёт и расчёты' }).waitFor();
    await page.locator('.facts').getByText('сеансы, управление').or(page.locator('.facts').getByText('управление, сеансы')).waitFor();
    await readsAMeter(stage);
    await page.locator('.usr tbody tr').first().getByText('Получатель не принимает соединений').waitFor({ timeout: TELL_MS });
    await page.getByRole('navigation', { name: 'Путь' }).getByRole('link', { name: 'Вебхуки' }).click();
    const row = page.locator('.hooks tbody tr', { hasText: 'Учёт и расчёты' });
    await row.getByText('Не принимает', { exact: true }).waitFor();
    await row.getByText('Получатель не принимает соединений').waitFor();
  });
}

async function isDisabled(stage) {
  await stage.open(known.page, {}, async (page) => {
    await button(page, 'Отключить…').click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByText(/после включения начнёт с нового/).waitFor();
    await button(dialog, 'Отключить').click();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('.ph').getByText('Отключён').waitFor();
    await button(page, 'Включить').click();
    await button(page, 'Отключить…').waitFor();
    await page.locator('.ph').getByText('Отключён').waitFor({ state: 'detached' });
  });
}

async function looksRight(stage) {
  const found = [];
  for (const view of VIEWS) {
    const look = async (page, name) => found.push(...(await faults(page, name, view)));
    await stage.open(LIST, view, async (page) => {
      await page.locator('.hooks tbody tr').first().waitFor();
      await look(page, 'webhooks');
      await page.locator('.ph .pri').click();
      await page.locator('dialog.ask .hint', { hasText: '127.0.0.1' }).waitFor();
      await look(page, 'webhook-new');
    });
    await stage.open(known.page, view, async (page) => {
      await page.locator('.usr tbody tr').first().waitFor();
      await look(page, 'webhook');
      await page.locator('.ph .danger').click();
      await page.locator('dialog.ask').waitFor();
      await look(page, 'webhook-remove');
    });
  }
  assert.deepEqual(found, []);
}

async function isRemoved(stage) {
  await stage.open(known.page, { quiet: /status of 404/ }, async (page) => {
    await button(page, 'Удалить…').click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByText('Вернуть их нельзя.').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'Отмена', 'what is final begins with the way back');
    const go = button(dialog, 'Удалить вебхук');
    await dialog.getByLabel(/^Чтобы удалить/).fill('Учёт');
    assert.ok(await go.isDisabled(), 'the name is not typed yet');
    await dialog.getByLabel(/^Чтобы удалить/).fill('Учёт и расчёты');
    await go.click();
    await page.waitForURL((url) => url.pathname === LIST);
    await page.getByText('Вебхуков ещё нет.').waitFor();
    await page.goto(`${stage.base}${known.page}`);
    await page.getByText('Такого вебхука нет').waitFor();
    await page.goto(`${stage.base}/admin/audit?subject=webhook`);
    for (const deed of ['создан вебхук', 'заменён секрет вебхука', 'изменён вебхук', 'удалён вебхук']) await page.locator('.aud tbody').getByText(deed).first().waitFor();
    assert.ok(!(await page.content()).includes(known.secret), 'the audit knows no secret');
  });
  await known.receiver.stop();
}

/** A host whose configuration allows nothing: what it would refuse is said before it is sent. */
async function staysOutside({ stage }) {
  await stage.open(LIST, { quiet: /status of 422/ }, async (page) => {
    const sent = [];
    page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
    await button(page, 'Добавить вебхук…').click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByText('Сейчас она не разрешает http; внутренние сети не разрешены.').waitFor();
    await dialog.getByLabel('Название').fill('Расчёты');
    await dialog.getByRole('checkbox', { name: /^записи/ }).check();
    for (const [url, fault] of [['http://erp.example/', 'Нужен https'], ['https://127.0.0.1/', 'Адрес ведёт во внутреннюю сеть'], ['erp.example', 'Это не адрес.']]) {
      await dialog.getByLabel('Адрес').fill(url);
      await button(dialog, 'Создать').click();
      await dialog.getByText(fault).waitFor();
    }
    assert.deepEqual(sent, [], 'nothing of it was sent');
    // What the page takes for an address of the internet and the server does not.
    await dialog.getByLabel('Адрес').fill('https://198.18.0.1/');
    await button(dialog, 'Создать').click();
    await dialog.getByText('Адрес ведёт во внутреннюю сеть, на 198.18.0.1.').waitFor();
    assert.equal(sent.length, 1);
  });
  assert.deepEqual((await stage.api('/webhooks')).items, []);
}

export const webhookFlows = {
  'webhooks: one is made and its secret shown once': isMade,
  'webhooks: it is told, refused, told again': isTold,
  'webhooks: it is tested, and a test that fails is no loss': isTested,
  'webhooks: another secret signs from then on': hasAnotherSecret,
  'webhooks: what is wrong with the way is told in words': isChanged,
  'webhooks: one is disabled and enabled': isDisabled,
  'webhooks: pages look right in every view': looksRight,
  'webhooks: one is removed once its name is typed': isRemoved,
};

export const closedFlows = { 'webhooks: what leads inside is refused before it is sent': staysOutside };
