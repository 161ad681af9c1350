// A driver's whole life by the client, against a real host: a key is trusted, a package is installed, tried, put to work
// and taken back.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './real-host.mjs';

const PROGRAM_MS = 60_000;
/** A shadow replays every session there is; a canary waits for a session of a meter. */
const DEED_MS = 120_000;
const PROJECT = new URL('../../drivers-wasm/vkt7', import.meta.url).pathname;

const uzel = (...args) => runProgram(process.env.UZEL_BIN, args, PROGRAM_MS);

/** The driver with a custom section more, so that it is another component: its package, and the key that signed it. */
export async function signedPackage(dir) {
  const note = Buffer.from('\x04noteby the flows', 'latin1');
  const component = Buffer.concat([readFileSync(join(process.env.UZEL_DRIVERS_DIR, 'vkt7.wasm')), Buffer.from([0, note.length]), note]);
  const [file, secret] = [join(dir, 'vkt7.wasm'), join(dir, 'works.key')];
  writeFileSync(file, component);
  const key = /RW[\w+/=]{50,}/.exec(await uzel('key', 'new', secret))?.[0];
  assert.ok(key, 'uzel key new prints the public key');
  const said = await uzel('driver', 'pack', PROJECT, '--component', file, '--key', secret, '--out', dir);
  const name = /[\w.-]+\.uzel-driver/.exec(said)?.[0];
  assert.ok(name, `uzel driver pack names the package: ${said}`);
  return { key, file: join(dir, name) };
}

/** Answers the open dialog; resolves when it has closed. */
async function decide(page, why) {
  const dialog = page.locator('dialog.ask');
  await dialog.getByLabel('Почему', { exact: true }).fill(why);
  await dialog.locator('footer .pri').click();
  await dialog.waitFor({ state: 'detached', timeout: DEED_MS });
}

async function trusts(page, key, vendor) {
  await page.getByRole('button', { name: 'Добавить ключ…' }).click();
  const dialog = page.locator('dialog.ask');
  await dialog.locator('footer .pri').click();
  await dialog.getByText('Заполните все поля.').waitFor();
  await dialog.getByLabel('Открытый ключ').fill(key);
  await dialog.getByLabel('Чей он').fill('Завод, выпуск');
  await dialog.getByLabel('Поставщик').fill(vendor);
  await dialog.getByLabel('управление').check();
  await dialog.getByLabel('Модели').fill('vkt7');
  await decide(page, 'договор 17');
  await page.locator('.keyt tbody tr', { hasText: 'Завод, выпуск' }).waitFor();
}

async function installs(page, file) {
  await page.getByRole('button', { name: 'Установить пакет…' }).click();
  await page.locator('dialog.ask input[type=file]').setInputFiles(file);
  for (const right of ['часы и настройки', 'управление']) await page.locator('dialog.ask').getByLabel(right).check();
}

/** The row of a version in the table of them. */
const row = (page, digest) => page.locator('.vt tbody tr', { has: page.locator(`a[href="?v=${digest}"]`) });
const stands = (page, digest, word) => row(page, digest).getByText(word).waitFor({ timeout: DEED_MS });

async function tries(stage, page, digest) {
  await page.getByRole('button', { name: 'Теневая проверка…' }).click();
  await decide(page, 'перед пуском');
  await page.getByText('Ничего не отличается: включать можно.').waitFor();
  await stands(page, digest, 'теневая проверка чистая');
  await page.getByRole('button', { name: 'Пробный пуск…' }).click();
  const dialog = page.locator('dialog.ask');
  await dialog.getByText('отличий нет').waitFor();
  await dialog.getByLabel('Почему', { exact: true }).fill('один дом');
  await dialog.locator('footer .pri').click();
  await dialog.getByText('Выберите хотя бы один прибор.').waitFor();
  await dialog.getByLabel('Школа 4').check();
  await decide(page, 'один дом');
  await stands(page, digest, 'на пробном пуске');
  await page.locator('#whom ~ *, section[aria-labelledby=whom] a').getByText('Школа 4').first().waitFor();
  const { items } = await stage.api('/devices?limit=500');
  const device = items.find((one) => one.name === 'Школа 4');
  const asked = await fetch(`${stage.base}/api/v1/devices/${device.id}/read-now`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"what":["clock","current"]}' });
  assert.equal(asked.status, 202);
  await page.getByText('Чистых сеансов: 1 из 20').waitFor({ timeout: DEED_MS });
  // The page follows by itself: one session of the new version, and what it took.
  const stat = page.locator('.cmp tbody tr').first();
  await stat.locator('td').nth(1).getByText('1', { exact: true }).waitFor({ timeout: DEED_MS });
  assert.match(await stat.textContent(), /на пробном пуске/);
}

async function livesItsLife({ stage, dir }) {
  const { key, file } = await signedPackage(dir);
  const { items } = await stage.api('/drivers/versions');
  const old = items.find((one) => one.driver === 'vkt7').digest.slice(0, 12);
  const vendor = items.find((one) => one.driver === 'vkt7').vendor;
  await stage.open('/keys', {}, (page) => trusts(page, key, vendor));
  await stage.open('/drivers', { quiet: /409/ }, async (page) => {
    await installs(page, file);
    await decide(page, 'новая версия');
    await page.waitForURL(/\/drivers\/vkt7\?v=[0-9a-f]{12}/);
    const digest = new URL(page.url()).searchParams.get('v');
    assert.notEqual(digest, old);
    await stands(page, digest, 'самопроверка пройдена');
    await page.getByText('Теневой проверки ещё не было. Без неё включение закрыто.').waitFor();
    await page.getByText('ключ «Завод, выпуск»').waitFor();

    await tries(stage, page, digest);
    await page.getByRole('button', { name: 'Включить…' }).click();
    await decide(page, 'всё чисто');
    await stands(page, digest, 'работает');
    await page.getByRole('button', { name: /^Откатить на/ }).click();
    await decide(page, 'как было');
    await stands(page, old, 'работает');
    const history = page.locator('section[aria-labelledby=events]');
    for (const why of ['новая версия', 'один дом', 'всё чисто', 'как было']) await history.getByText(why).first().waitFor();

    // What the server refuses it says in words, and the dialog stays.
    await installs(page, file);
    const dialog = page.locator('dialog.ask');
    await dialog.getByLabel('Почему', { exact: true }).fill('ещё раз');
    await dialog.locator('footer .pri').click();
    await dialog.getByRole('alert').getByText(/с этим компонентом уже установлена/).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });
  await stage.open('/keys', {}, async (page) => {
    await page.locator('.keyt tbody tr', { hasText: 'Завод, выпуск' }).getByRole('button', { name: 'Отозвать…' }).click();
    await decide(page, 'договор окончен');
    await page.getByText(/^отозван /).waitFor();
  });
}

export const driverFlows = {
  'a driver is installed, tried, put to work and taken back': livesItsLife,
};
