// The page of the API, against a real host: a request is found, tried, and copied as a command. UZEL_SHOTS names a folder
// for pictures of the page.

import assert from 'node:assert/strict';
import { VIEWS, faults } from './looks.mjs';

async function triesARequest(stage) {
  const device = await stage.deviceWithHours();
  await stage.open('/api-docs', {}, async (page) => {
    await page.getByText('Выберите запрос.').waitFor();
    await page.getByLabel('Найти запрос').fill('one device');
    await page.locator('.apil a', { hasText: '/devices/{id}' }).filter({ hasText: 'One device.' }).click();
    await page.waitForURL(/op=one_device/);
    await page.locator('#curl', { hasText: 'curl -H "Authorization: Bearer $UZEL_KEY"' }).waitFor();
    const id = page.getByLabel(/^id /);
    await id.fill('');
    await page.getByRole('button', { name: 'Выполнить' }).click();
    await page.getByText('Заполните id.').waitFor();
    await id.fill(String(device.id));
    await page.locator('#curl', { hasText: `/api/v1/devices/${device.id}'` }).waitFor();
    await page.getByRole('button', { name: 'Выполнить' }).click();
    const told = page.locator('#told');
    await told.getByRole('heading', { name: /200/ }).waitFor();
    assert.equal(JSON.parse(await told.locator('pre').textContent()).name, device.name);
  });
}

async function triesACommand(stage) {
  await stage.open('/api-docs?op=create_site', { quiet: /422|404|400/ }, async (page) => {
    await page.getByText('Выполняется на самом деле').waitFor();
    const body = page.getByLabel(/^Тело запроса/);
    assert.equal(JSON.parse(await body.inputValue()).time_zone, 'Europe/Moscow');
    await body.fill('{ "organisation": 1, "name": "", "time_zone": "Europe/Moscow" }');
    await page.getByRole('button', { name: 'Выполнить' }).click();
    const told = page.locator('#told');
    await told.getByRole('heading', { name: /422/ }).waitFor();
    assert.equal(JSON.parse(await told.locator('pre').textContent()).code, 'invalid');
    await page.locator('summary', { hasText: '422' }).click();
    await page.getByText('every fault with its field').waitFor();
  });
}

async function listensToAStream(stage) {
  await stage.open('/api-docs?op=live', {}, async (page) => {
    await page.getByRole('button', { name: 'Выполнить' }).click();
    await page.locator('#told').getByText('text/event-stream').waitFor();
  });
}

async function looksRight(stage) {
  const found = [];
  for (const view of VIEWS) {
    for (const [path, mark] of [['/api-docs', '.apil summary'], ['/api-docs?op=create_device', '#curl'], ['/api-docs?op=list_devices', '#curl']]) {
      await stage.open(path, view, async (page) => {
        await page.locator(mark).first().waitFor();
        if (path.endsWith('list_devices')) {
          await page.getByRole('button', { name: view.lang === 'ru' ? 'Выполнить' : 'Send' }).click();
          await page.locator('#told pre').waitFor();
          await page.locator('summary', { hasText: '403' }).click();
        }
        found.push(...(await faults(page, path, view)));
      });
    }
  }
  assert.deepEqual(found, []);
}

export const apiFlows = {
  'a request of the API is found, tried, and copied as a command': triesARequest,
  'a command of the API tells what it refuses': triesACommand,
  'a stream of the API is listened to for a while': listensToAStream,
  'the page of the API looks right in every view': looksRight,
};
