// Lines, callers, tunnels, schedules and the host itself, against a real host: a modem calls and is let in, a maker's
// program goes through a tunnel, a backup is made and taken away. UZEL_SHOTS names a folder for pictures of the pages.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { VIEWS, faults } from './looks.mjs';

/** A backup reads the whole database; a tunnel waits for its line. */
const DEED_MS = 60_000;
const IMEI = '868441036775234';
const STRANGER = '868441036775200';
const PAGES = [
  ['/lines', '.lns tbody tr .st'], ['/lines/1', '.figs dd'], ['/callers', '#listeners'], ['/modems', '.panel tbody tr'], ['/tunnels', 'main .panel'],
  ['/admin/schedules', '.ents li'], ['/admin/system', '.figs dd'], ['/admin/system/metrics', '.spark:has(.ln)'], ['/admin/system/backups', '.cmds'], ['/admin/system/config?keys=all', '.cfg tbody tr'],
];

/** A modem that calls the first listener and says who it is; resolves when it is connected. */
async function call(stage, greeting) {
  const { items } = await stage.api('/listeners');
  const [, host, port] = /^(.*):(\d+)$/.exec(items[0].listen);
  const socket = connect(Number(port), host);
  const ended = new Promise((resolve) => socket.on('close', resolve).on('error', resolve));
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.write(greeting);
  return { socket, ended };
}

const rowOf = (page, imei) => page.locator('.clr tbody tr', { hasText: imei });

async function letsCallersIn(stage) {
  const known = await call(stage, `AT$IMEI=${IMEI},CSQ=17\r\n`);
  const stranger = await call(stage, `AT$IMEI=${STRANGER},CSQ=3\r\n`);
  try {
    await stage.open('/callers', {}, async (page) => {
      const row = rowOf(page, IMEI);
      await row.getByText('Незнаком').waitFor();
      await row.getByText('на связи', { exact: true }).waitFor();
      await row.getByText(`AT$IMEI=${IMEI},CSQ=17··`).waitFor();
      await row.getByText('17 из 31, −79 дБм').waitFor();
      await row.getByRole('button', { name: `Разрешить: ${IMEI}` }).click();
      await row.getByText('Разрешён').waitFor();
      await rowOf(page, STRANGER).getByText('слабый').waitFor();
      await rowOf(page, STRANGER).getByRole('button', { name: /^Отклонить/ }).click();
      const dialog = page.locator('dialog.ask');
      await dialog.getByText(`Отклонить gprs/${STRANGER}?`).waitFor();
      await dialog.getByRole('button', { name: 'Отклонить', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
      await rowOf(page, STRANGER).getByText('Отклонён').waitFor();
      await page.getByRole('button', { name: 'Отклонённые' }).click();
      await page.waitForURL(/state=refused/);
      await rowOf(page, IMEI).waitFor({ state: 'detached' });
      await rowOf(page, STRANGER).waitFor();
    });
    await stranger.ended;
    const { items } = await stage.api('/callers');
    assert.deepEqual(Object.fromEntries(items.map((one) => [one.identity, one.state])), { [IMEI]: 'approved', [STRANGER]: 'refused' });
  } finally {
    known.socket.destroy();
    stranger.socket.destroy();
  }
}

async function findsALine(stage) {
  await stage.open('/lines', {}, async (page) => {
    await page.locator('.lns tbody tr').first().waitFor();
    assert.equal(await page.locator('.lns tbody tr').count(), 4);
    await page.getByRole('button', { name: 'Плохая связь' }).click();
    await page.waitForURL(/which=poor/);
    await page.locator('.lns a.node', { hasText: 'Лесная 10' }).waitFor();
    assert.equal(await page.locator('.lns tbody tr').count(), 1, 'only the silent meter has a poor line');
    await page.getByRole('button', { name: 'Все', exact: true }).click();
    await page.getByLabel('Отбор линий').fill('school');
    await page.getByText('Под отбор ничего не подходит.').waitFor();
    await page.getByLabel('Отбор линий').fill('лесная');
    await page.locator('.lns a.node').first().click();
    await page.waitForURL(/\/lines\/\d+$/);
    await page.getByRole('heading', { level: 1, name: 'Лесная 10' }).waitFor();
    await page.locator('.figs dd', { hasText: '0,0' }).first().waitFor();
    await page.locator('.outs').getByText('Линия открыта').first().waitFor();
    await page.getByRole('button', { name: /^30/ }).click();
    await page.locator('.figs dd').first().waitFor();
  });
}

async function goesThroughATunnel(stage) {
  await stage.open('/tunnels', {}, async (page) => {
    await page.getByText('Открытых туннелей нет.').waitFor();
    await page.getByRole('button', { name: 'Открыть туннель…' }).click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByRole('button', { name: 'Дальше' }).click();
    await dialog.getByText('Выберите прибор.').waitFor();
    await dialog.getByRole('searchbox').fill('irjkf 4');
    await dialog.getByLabel(/Школа 4/).check();
    await dialog.getByLabel('На сколько минут').fill('600');
    await dialog.getByRole('button', { name: 'Дальше' }).click();
    await dialog.getByText('Напишите целое число от 1 до 480.').waitFor();
    await dialog.getByLabel('На сколько минут').fill('5');
    await dialog.getByRole('button', { name: 'Дальше' }).click();
    await dialog.getByText('Линия Школа 4 будет занята туннелем.').waitFor();
    await dialog.getByRole('button', { name: 'Занять линию и открыть' }).click();
    await dialog.waitFor({ state: 'detached' });
    const row = page.locator('.tun tbody tr');
    await row.getByText('Байты идут').waitFor({ timeout: DEED_MS });
    const address = await row.locator('.mono').first().textContent();
    const [host, port] = address.trim().split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(Buffer.from([1, 2, 3]));
    await row.getByText(/127\.0\.0\.1:\d+: 3\sБ к прибору/).waitFor();
    await row.getByRole('button', { name: /^Закрыть/ }).click();
    await page.locator('dialog.ask').getByRole('button', { name: 'Закрыть туннель' }).click();
    await page.getByText('Открытых туннелей нет.').waitFor({ timeout: DEED_MS });
    socket.destroy();
  });
}

async function makesABackup(stage) {
  await stage.open('/admin/system', {}, async (page) => {
    await page.getByText('Резервных копий нет.').waitFor();
    await page.getByRole('link', { name: 'К резервным копиям' }).click();
    await page.getByRole('button', { name: 'Сделать копию' }).click();
    const row = page.locator('.bks tbody tr').first();
    await row.getByText('цела', { exact: true }).waitFor({ timeout: DEED_MS });
    const [download] = await Promise.all([page.waitForEvent('download'), row.getByRole('link', { name: /^Скачать/ }).click()]);
    assert.equal(readFileSync(await download.path()).subarray(0, 15).toString(), 'SQLite format 3');
    const file = (await row.locator('td').first().textContent()).trim();
    await page.locator('.cmds').getByText(`/${file} --config `).waitFor();
    await page.getByRole('link', { name: 'Состояние' }).click();
    await page.getByText(file).waitFor();
  });
}

async function tellsItsConfiguration(stage) {
  await stage.open('/admin/system/config', {}, async (page) => {
    await page.locator('.cfg tbody tr').first().waitFor();
    const differing = await page.locator('.cfg tbody tr').count();
    await page.getByText('AT+CPIN=••').waitFor();
    assert.ok(!(await page.content()).includes('4321'), 'the number of the SIM card is shown');
    await page.getByRole('button', { name: 'Все', exact: true }).click();
    await page.waitForURL(/keys=all/);
    await page.locator('.cfg').getByText('sessions_days').waitFor();
    assert.ok((await page.locator('.cfg tbody tr').count()) > differing);
  });
}

async function showsSchedules(stage) {
  await stage.open('/admin/schedules', {}, async (page) => {
    await page.getByText(/^каждые 30\sмин$/).first().waitFor();
    await page.getByRole('button', { name: 'Показать приборы' }).first().click();
    const row = page.locator('tbody tr', { hasText: 'Поликлиника' });
    await row.getByText('Europe/Moscow').waitFor();
    assert.match(await row.textContent(), /\d\d\.\d\d\.20\d\d\s\d\d:\d\d/);
  });
}

async function tellsOfADevicesLine(stage) {
  const device = await stage.deviceWithHours();
  await stage.open(`/devices/${device.id}?kind=health`, {}, async (page) => {
    await page.locator('#tab-health[aria-selected=true]').waitFor();
    await page.locator('.figs dd', { hasText: '%' }).first().waitFor();
    await page.getByRole('link', { name: 'Открыть туннель…' }).click();
    await page.waitForURL(/\/tunnels\?open=\d+/);
    const dialog = page.locator('dialog.ask');
    await dialog.locator(`input[type=radio][value="${device.id}"]:checked`).waitFor();
    await dialog.getByRole('button', { name: 'Отмена' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.ok(!page.url().includes('open='), 'a closed dialog is not opened again by going back');
  });
}

/** A day of figures as a host that has run for long would give it: what is drawn can be looked at. */
async function withADay(page) {
  await page.route('**/api/v1/system/metrics*', async (route) => {
    const answer = await route.fetch();
    const metrics = await answer.json();
    const wave = (i, by) => Math.round(40 + 30 * Math.sin((i + by * 97) / 130) + ((i * 7919 + by * 31) % 17));
    for (const [by, one] of metrics.series.entries()) one.values = Array.from({ length: 1440 }, (_, i) => (i > 600 && i < 660 ? null : wave(i, by) * (one.name.endsWith('bytes') ? 1e6 : one.name === 'retries' || one.name === 'sessions-complete' ? 0.1 : 1)));
    metrics.from = '2026-11-19T12:00:00Z';
    await route.fulfill({ response: answer, json: metrics });
  });
}

async function looksRight(stage) {
  const found = [];
  for (const view of VIEWS) {
    for (const [path, mark] of PAGES) {
      await stage.open(path, view, async (page) => {
        if (path.endsWith('metrics') && process.env.UZEL_SHOTS) {
          await withADay(page);
          await page.reload();
        }
        await page.locator(mark).first().waitFor();
        found.push(...(await faults(page, path, view)));
        const head = (await page.locator('main h1').textContent()).replace('Школа 4', '');
        if (view.lang === 'en' && /[а-яё]/i.test(head)) found.push(`${path} has a Russian head`);
      });
    }
  }
  assert.deepEqual(found, []);
}

export const systemFlows = {
  'a line is found and says how it fares': findsALine,
  'an unknown modem is let in and another sent away': letsCallersIn,
  'a tunnel takes its line, shows who comes, and is closed': goesThroughATunnel,
  'a backup is made, checked and taken away': makesABackup,
  'the configuration is told without its secrets': tellsItsConfiguration,
  'schedules tell the time of their sites': showsSchedules,
  'a device tells how the talk with it goes': tellsOfADevicesLine,
  'system pages look right in every view': looksRight,
};
