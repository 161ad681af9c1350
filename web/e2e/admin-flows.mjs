// What an administrator does with the model, against a real host: a meter is added by the wizard, changed, replaced,
// archived and restored; a list is imported. UZEL_SHOTS names a folder for pictures of the pages.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VIEWS, faults, violations } from './looks.mjs';

export const KEEP_FLEET = { fleet: 'keep.toml', devices: 'keep-devices.csv', silent: 1 };

/** A first read takes a whole archive. */
export const READ_MS = 120_000;
const TEST_MS = 60_000;
const [SILENT, FIRST, SECOND] = [2, 3, 4];

export const portOf = (line) => /:(\d+)$/.exec(line)[1];
const button = (page, name) => page.getByRole('button', { name, exact: true });

/** The first two steps: what meter, and at which port of this machine. */
async function describes(page, model, line) {
  await page.getByRole('searchbox', { name: 'Модель' }).fill(model);
  await page.locator('.kmods .opt').first().waitFor();
  await page.locator('.kmods').getByRole('radio', { name: /^СПТ943 / }).check();
  await button(page, 'Дальше').click();
  await page.getByLabel('Узел сети').fill('127.0.0.1');
  await page.getByLabel('Порт', { exact: true }).fill(portOf(line));
}

async function addsAMeter({ stage, lines }) {
  const began = Date.now();
  await stage.open('/admin/devices', {}, async (page) => {
    await page.getByRole('link', { name: 'Добавить прибор' }).click();
    for (const spelling of ['СПТ943', 'SPT943', 'spt-943']) {
      await page.getByRole('searchbox', { name: 'Модель' }).fill(spelling);
      await page.locator('.kmods .opt', { hasText: 'СПТ943 ' }).getByText('запись с прибора: 7').waitFor();
      await page.locator('.kmods').getByRole('radio', { name: /^СПТ943 / }).waitFor();
    }
    await button(page, 'Дальше').click();
    await page.getByText('Выберите модель из списка.').waitFor();
    await describes(page, 'spt-943', lines[FIRST]);

    // What is wrong is said at its field, before anything is asked.
    await page.getByLabel('Порт', { exact: true }).fill('70000');
    await page.getByLabel('Сетевой номер NT').fill('900');
    await button(page, 'Проверить связь').click();
    await page.getByText('Нужен номер порта от 1 до 65535.').waitFor();
    await page.getByText('Нужно целое число от 0 до 255.').waitFor();
    await page.getByLabel('Порт', { exact: true }).fill(portOf(lines[FIRST]));
    await page.getByLabel('Сетевой номер NT').fill('1');

    // A draft outlives a reload and Esc.
    await page.reload();
    await page.getByText('Это ваш черновик').waitFor();
    assert.equal(await page.getByLabel('Порт', { exact: true }).inputValue(), portOf(lines[FIRST]));
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/admin\/devices$/);
    await page.getByText('Черновик остался в этой вкладке').waitFor();
    await page.getByRole('link', { name: 'Добавить прибор' }).click();
    await button(page, 'Дальше').click();

    await button(page, 'Проверить связь').click();
    await page.getByText('Связь есть, прибор отвечает.').waitFor({ timeout: TEST_MS });
    await page.locator('.facts').getByText('12003').waitFor();
    assert.ok((await page.locator('.kwire .hx').count()) > 3, 'the bytes of the line are shown');
    await button(page, 'Дальше: место').click();
    await button(page, 'Добавить и прочитать').click();
    await page.getByText('Назовите объект.').waitFor();
    await page.getByLabel('Название объекта').fill('Мира 15а');
    await page.getByLabel('Организация').fill('Теплосеть');
    await page.getByLabel('Часовой пояс').fill('Europe/Moscow');
    await button(page, 'Добавить и прочитать').click();
    await page.getByText('Прибор прочитан.').waitFor({ timeout: READ_MS });
    await page.getByRole('link', { name: 'Открыть архив' }).click();
    await page.waitForURL(/\/points\/\d+/);
    await page.locator('.arch tbody td.num').first().waitFor();
  });
  const { items } = await stage.api('/devices?q=12003');
  assert.equal(items[0]?.name, 'Мира 15а, СПТ943');
  assert.equal(items[0].serial, '12003');
  assert.equal(items[0].points.length, 2, 'the inputs that the test has found serve points');
  console.log(`        added and read in ${Math.round((Date.now() - began) / 1000)} s`);
}

async function tellsWhyATestFails({ stage, lines }) {
  await stage.open('/admin/devices/new', {}, async (page) => {
    await describes(page, 'СПТ943', lines[SILENT]);
    await page.locator('.kmore summary').filter({ hasText: 'настро' }).first().click();
    await page.getByLabel(/Ожидание|ответа/).first().fill('200');
    await button(page, 'Проверить связь').click();
    await page.getByRole('alert').getByText('Линия открыта, прибор молчит').waitFor({ timeout: TEST_MS });
    await page.getByText('Дело на объекте: питание прибора, кабель, адрес прибора.').waitFor();
    assert.ok((await page.locator('.kwire .hx').count()) > 0, 'what was sent is shown');
    assert.deepEqual(await violations(page, 'a test that failed'), []);
    await button(page, 'Назад').click();
    await page.getByLabel('Порт', { exact: true }).fill('1');
    await button(page, 'Проверить связь').click();
    await page.getByRole('alert').getByText('Линия закрыта').waitFor({ timeout: TEST_MS });
    await page.getByText('Дело в сети').waitFor();
  });
}

async function replacesAMeter({ stage, lines }) {
  const { items } = await stage.api('/devices?limit=500');
  const old = items.find((one) => one.name === 'Поликлиника');
  await stage.open(`/devices/${old.id}`, { quiet: /409/ }, async (page) => {
    await page.getByRole('link', { name: 'Заменить' }).click();
    const own = page.locator('form');
    await own.getByLabel('Заводской номер нового прибора').fill('12004');
    await own.getByLabel('Когда заменили').fill('2031-01-01T10:00');
    await own.getByRole('button', { name: 'Новая линия' }).click();
    await own.getByLabel('Узел сети').fill('127.0.0.1');
    await own.getByLabel('Порт', { exact: true }).fill(portOf(lines[SECOND]));
    await button(page, 'Проверить связь').click();
    await page.getByText('Связь есть, прибор отвечает.').waitFor({ timeout: TEST_MS });
    await button(page, 'Заменить прибор').click();
    await page.getByText(/ещё не наступило/).waitFor();
    await own.getByLabel('Когда заменили').fill('');
    await button(page, 'Заменить прибор').click();
    await page.getByText('Прибор прочитан.').waitFor({ timeout: READ_MS });
  });
  const after = (await stage.api('/devices?q=12004')).items[0];
  assert.equal(after.name, 'Поликлиника');
  assert.deepEqual(after.points.map(({ id }) => id), old.points.map(({ id }) => id), 'the points go on');
  const history = await stage.api(`/devices/${after.id}/history`);
  assert.equal(history.replaced.device.id, old.id);
  await stage.open('/admin/devices?archived=yes', {}, (page) => page.getByText(/^Поликлиника \(/).first().waitFor());
}

async function archivesAndRestores({ stage }) {
  await stage.open('/admin/devices?of=lines', { quiet: /409/ }, async (page) => {
    await button(page, 'Новая линия').click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByRole('button', { name: 'Создать' }).click();
    await dialog.getByText('Не заполнено.').waitFor();
    await dialog.getByLabel('Название').fill('Запасная');
    await dialog.getByLabel('Узел сети').fill('127.0.0.1');
    await dialog.getByLabel('Порт', { exact: true }).fill('4009');
    await dialog.getByRole('button', { name: 'Создать' }).click();
    const row = page.locator('.kept tbody tr', { hasText: 'Запасная' });
    await row.getByText('tcp:127.0.0.1:4009').waitFor();
    await row.getByRole('button', { name: /^В архив/ }).click();
    await button(page, 'Убрать в архив').click();
    await row.waitFor({ state: 'detached' });
    await button(page, 'В архиве').click();
    await row.getByRole('button', { name: /^Вернуть/ }).click();
    await row.waitFor({ state: 'detached' });
    await button(page, 'В работе').click();
    await row.waitFor();

    // What is in use is not taken away, and the answer names what is in the way.
    await page.locator('.kept tbody tr', { hasText: 'Школа 4' }).getByRole('button', { name: /^В архив/ }).click();
    await button(page, 'Убрать в архив').click();
    await page.locator('dialog.ask').getByRole('alert').getByText(/Школа 4/).waitFor();
    await page.keyboard.press('Escape');
  });
  await stage.open('/admin/devices', {}, async (page) => {
    const row = page.locator('.kept tbody tr', { hasText: 'Лесная 10' });
    await row.getByRole('button', { name: /^В архив/ }).click();
    await page.locator('dialog.ask').getByText('Его записи остаются').waitFor();
    await button(page, 'Убрать в архив').click();
    await row.waitFor({ state: 'detached' });
    await page.locator('.toast').getByRole('button', { name: 'Вернуть' }).click();
    await row.waitFor();
  });
}

async function explainsAConflict({ stage }) {
  const { items } = await stage.api('/devices?limit=500');
  const device = items.find((one) => one.name === 'Школа 4');
  const change = async (path, body) => {
    const answer = await fetch(`${stage.base}/api/v1${path}`, { method: 'PATCH', headers: { 'content-type': 'application/json', 'x-uzel': '1' }, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${path} answers ${answer.status}`);
  };
  await stage.open(`/admin/devices/${device.id}`, { quiet: /412|422/ }, async (page) => {
    const name = page.getByLabel('Название прибора');
    await name.fill('Школа № 4');
    await page.locator('.kmore summary', { hasText: 'Когда читать' }).click();
    await page.getByLabel('Расписание').fill('whenever');
    await button(page, 'Сохранить').click();
    await page.locator('.fld.bad', { hasText: 'Расписание' }).waitFor();
    await page.getByLabel('Расписание').fill('every 45m: clock current');
    await change(`/devices/${device.id}`, { clock_policy: 'beyond 30s within 10m every 1d' });
    await button(page, 'Сохранить').click();
    await page.getByText('Пока вы правили, это изменил кто-то другой.').waitFor();
    await page.getByText(/Перевод часов: — → beyond 30s/).waitFor();
    assert.deepEqual(await violations(page, 'a conflict'), []);
    await button(page, 'Сохранить мои изменения поверх').click();
    await page.waitForURL((url) => url.pathname === `/devices/${device.id}`);
  });
  const form = await stage.api(`/devices/${device.id}/form`);
  assert.equal(form.name, 'Школа № 4');
  assert.equal(form.clock_policy, 'beyond 30s within 10m every 1d', 'what the other one changed stays');
  await change(`/devices/${device.id}`, { name: 'Школа 4' });

  const site = device.site;
  await stage.open('/admin/devices?of=sites', { quiet: /412/ }, async (page) => {
    await page.getByRole('button', { name: `Изменить: ${site.name}` }).click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByLabel('Почтовый адрес').fill('Лесная ул., 8, корп. 2');
    await change(`/sites/${site.id}`, { address: 'Лесная ул., 8а' });
    await dialog.getByRole('button', { name: 'Сохранить', exact: true }).click();
    await dialog.getByText(/Лесная ул., 8 → Лесная ул., 8а/).waitFor();
    await dialog.getByText('Это поле изменили и вы').waitFor();
    await dialog.getByRole('button', { name: 'Показать как есть сейчас' }).click();
    assert.equal(await dialog.getByLabel('Почтовый адрес').inputValue(), 'Лесная ул., 8а');
    await dialog.getByRole('button', { name: 'Отмена' }).click();
  });
}

async function keepsGroupsAndLines({ stage }) {
  await stage.open('/admin/schedules', {}, async (page) => {
    await button(page, 'Новая группа').click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByLabel('Название').fill('Раз в час');
    await dialog.getByLabel('Расписание').fill('every 60m: clock hourly');
    await dialog.getByRole('button', { name: 'Создать' }).click();
    const panel = page.locator('section.panel', { hasText: 'Группа Раз в час' });
    await panel.getByRole('button', { name: 'Изменить' }).click();
    await dialog.getByLabel('Расписание').fill('every 30m: clock hourly');
    await dialog.getByRole('button', { name: 'Сохранить' }).click();
    await panel.getByText('every 30m: clock hourly').waitFor();
    await panel.getByRole('button', { name: 'В архив…' }).click();
    await button(page, 'Убрать в архив').click();
    await panel.waitFor({ state: 'detached' });
  });
  const line = (await stage.api('/lines?limit=500')).items.find((one) => one.name === 'Школа 4');
  await stage.open(`/lines/${line.id}`, {}, async (page) => {
    await button(page, 'Изменить').click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByText('Изменение коснётся всех').waitFor();
    await dialog.getByLabel('Название').fill('Школа 4, шкаф');
    await dialog.getByRole('button', { name: 'Сохранить' }).click();
    await page.getByRole('heading', { level: 1, name: 'Школа 4, шкаф' }).waitFor();
  });
}

async function movesADevice({ stage }) {
  const deviceOf = async (name) => (await stage.api('/devices?limit=500')).items.find((one) => one.name === name);
  const before = await deviceOf('Школа 4');
  const point = before.points[0];
  const period = 'kind=daily&from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z';
  const rows = async (id) => (await stage.api(`/points/${id}/archive?${period}`)).records.length;
  const kept = await rows(point.id);
  assert.ok(kept > 0, 'the point has an archive');
  await stage.open(`/admin/devices/${before.id}`, {}, async (page) => {
    await page.getByText(`${before.site.name}, ${before.node.name}`).waitFor();
    await button(page, 'Переместить…').click();
    await page.getByRole('searchbox', { name: 'Объект' }).fill('поликлиника');
    const where = page.getByRole('group', { name: 'Куда переместить' });
    await where.getByRole('radio', { name: /^Поликлиника/ }).check();
    await button(page, 'Сохранить').click();
    await page.getByText('Назовите новый узел.').waitFor();
    await page.getByLabel('Название узла').fill('ИТП-2');
    await page.getByText(`Ввод 1: «${point.name}» → «${point.name}»; такой точки там нет, она появится`).waitFor();
    await page.getByText('Прочитанное до этого останется у прежних точек.').waitFor();
    assert.deepEqual(await violations(page, 'a move'), []);
    if (process.env.UZEL_SHOTS) await page.screenshot({ path: join(process.env.UZEL_SHOTS, 'move.png'), fullPage: true });
    await button(page, 'Сохранить').click();
    await page.getByText('Прибор перемещён').waitFor();
  });
  const after = await deviceOf('Школа 4');
  assert.deepEqual([after.site.name, after.node.name], ['Поликлиника', 'ИТП-2']);
  assert.notEqual(after.points[0].id, point.id, 'another node has points of its own');
  assert.equal(await rows(point.id), kept, 'what was read stays with the point of before');
  const { points } = await stage.api(`/devices/${after.id}/history`);
  assert.deepEqual(points.filter(({ input }) => input === 1).map((one) => [one.point.id, one.to === null]), [[after.points[0].id, true], [point.id, false]]);

  // Back to where it was: the point is there, and goes on.
  await stage.open(`/admin/devices/${after.id}`, {}, async (page) => {
    await page.locator('.plainl a', { hasText: point.name }).nth(1).waitFor();
    await button(page, 'Переместить…').click();
    await page.getByRole('group', { name: 'Куда переместить' }).getByRole('radio', { name: new RegExp(`^${before.site.name}`) }).check();
    await page.getByLabel('Узел учёта').selectOption({ label: before.node.name });
    await page.getByText(`Ввод 1: «${point.name}» → «${point.name}»; такая точка там есть`).waitFor();
    await button(page, 'Сохранить').click();
    await page.getByText('Прибор перемещён').waitFor();
  });
  assert.equal((await deviceOf('Школа 4')).points[0].id, point.id);
}

const file = (rows) => ({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(['name,driver,line,line_name,site,serial,schedule,config', ...rows].join('\n')) });

async function importsAList({ stage }) {
  const rows = Array.from({ length: 500 }, (_, i) => `Дом ${i + 1},vkt7,tcp:10.9.${i >> 8}.${i & 255}:4001,Дом ${i + 1},Дом ${i + 1},,every 1d: clock,address=1`);
  const bad = rows.with(7, 'Дом 8,vkt7,tcpp:10.9.0.7,Дом 8,Дом 8,,whenever,address=900').with(400, 'Дом 401,nodriver,tcp:10.9.1.144:4001,Дом 401,Дом 401,,,');
  await stage.open('/admin/import', {}, async (page) => {
    const [template] = await Promise.all([page.waitForEvent('download'), button(page, 'Файл-образец').click()]);
    const example = readFileSync(await template.path());
    const input = page.locator('input[type=file]');
    await input.setInputFiles({ name: 'template.csv', mimeType: 'text/csv', buffer: example });
    await page.getByText('Ошибок нет. Новых 2').waitFor();

    await input.setInputFiles(file(bad));
    await page.getByText(/^С ошибками 2 из 500/).waitFor();
    assert.equal(await page.locator('.krows > li').count(), 2, 'the faults come first');
    await page.locator('.krows > li', { hasText: 'Дом 8' }).getByText('schedule', { exact: true }).waitFor();
    await page.locator('.krows > li', { hasText: 'Дом 401' }).getByText(/Драйвера «nodriver» нет/).waitFor();
    assert.equal(await page.getByRole('button', { name: /^Записать/ }).count(), 0, 'nothing is stored beside a fault');
    const paints = Date.now();
    await button(page, 'Все 500').click();
    await page.locator('.krows > li').nth(499).waitFor({ state: 'attached' });
    console.log(`        500 rows on the screen in ${Date.now() - paints} ms`);
    assert.deepEqual(await violations(page, 'an import with faults'), []);

    // Only a few are stored: polling five hundred houses that are not there would hold up what comes after.
    await input.setInputFiles(file(rows.slice(0, 3)));
    await page.getByText('Ошибок нет. Новых 3').waitFor();
    await page.getByRole('button', { name: /^Записать 3/ }).click();
    await page.getByText('Список записан.').waitFor();
    await input.setInputFiles(file(rows.slice(0, 2).map((row) => row.replace('every 1d', 'every 2d'))));
    await page.getByText('Ошибок нет. Новых 0, изменятся 2').waitFor();
    await page.locator('.krows > li', { hasText: 'Дом 1' }).getByText(/every 2880m: clock/).waitFor();
    const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Выгрузить CSV' }).click()]);
    await input.setInputFiles({ name: 'devices.csv', mimeType: 'text/csv', buffer: readFileSync(await csv.path()) });
    await page.getByText('Всё это в списке уже есть, записывать нечего.').waitFor();
    const [sheet] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Выгрузить XLSX' }).click()]);
    await input.setInputFiles({ name: 'devices.xlsx', mimeType: 'application/octet-stream', buffer: readFileSync(await sheet.path()) });
    await page.getByText('Всё это в списке уже есть, записывать нечего.').waitFor();
  });
  await stage.open('/admin/import', { quiet: /422/ }, async (page) => {
    await page.locator('input[type=file]').setInputFiles({ name: 'x.csv', mimeType: 'text/csv', buffer: Buffer.from('что это') });
    await page.getByRole('alert').getByText(/Столбца «что это» нет/).waitFor();
  });
}

async function saysWhenTheServerIsGone({ stage }) {
  await stage.open('/admin/devices?of=organisations', { quiet: /Failed to load|ERR_/ }, async (page) => {
    await page.locator('.kept tbody tr').first().waitFor();
    await button(page, 'Новая организация').click();
    const dialog = page.locator('dialog.ask');
    await dialog.getByLabel('Название').fill('Водоканал');
    await page.context().setOffline(true);
    await dialog.getByRole('button', { name: 'Создать' }).click();
    await dialog.getByRole('alert').getByText('Не сделано').waitFor();
    await page.context().setOffline(false);
    await dialog.getByRole('button', { name: 'Создать' }).click();
    await page.locator('.kept tbody tr', { hasText: 'Водоканал' }).waitFor();
  });
}

async function looksRight({ stage }) {
  const { id } = (await stage.api('/devices?limit=500')).items.find((one) => one.name === 'Школа 4');
  const pages = [
    ['/admin/devices', '.kept tbody tr'], ['/admin/devices?of=points', '.kept tbody tr'], ['/admin/devices?of=lines', '.kept tbody tr'], ['/admin/devices/new', '.kmods .opt'],
    [`/admin/devices/${id}`, 'form .pri'], [`/admin/devices/${id}?do=replace`, 'form .pri'], ['/admin/import', '.kdrop'],
  ];
  const found = [];
  for (const [path, mark] of pages) {
    for (const view of VIEWS) {
      await stage.open(path, view, async (page) => {
        await page.locator(mark).first().waitFor();
        found.push(...(await faults(page, path, view)));
      });
    }
  }
  assert.deepEqual(found, []);
}

export const adminFlows = {
  'keeping: a meter is added by the wizard and read': addsAMeter,
  'keeping: a test that fails says why': tellsWhyATestFails,
  'keeping: a meter is replaced': replacesAMeter,
  'keeping: a device moves to another node': movesADevice,
  'keeping: things are archived and restored': archivesAndRestores,
  'keeping: a conflict is explained': explainsAConflict,
  'keeping: groups and lines are edited where they are shown': keepsGroupsAndLines,
  'keeping: a list is imported': importsAList,
  'keeping: a lost server is said and work goes on': saysWhenTheServerIsGone,
  'keeping: pages look right in every view': looksRight,
};
