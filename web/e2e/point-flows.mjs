// What people do with a point, with what a device keeps of itself and with a session, against a real host with simulated
// meters: see what an НС means, zoom, take out, compare, hold totals against sums, change a setting, replay a session.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VIEWS, faults, violations } from './looks.mjs';
import { asksOnClosing } from './unsaved-flows.mjs';

export const POINT_FLEET = { fleet: 'point-fleet.toml', devices: 'point-devices.csv', silent: 0 };

/** A session with a simulated meter, on a machine that may be busy. */
const SESSION_MS = 60_000;

async function point(stage, site) {
  const { items } = await stage.api('/points?limit=100');
  const found = items.find((one) => one.site.name === site);
  assert.ok(found, `no point at ${site}`);
  return found;
}

async function device(stage, name) {
  const { items } = await stage.api('/devices?limit=100');
  const found = items.find((one) => one.name === name);
  assert.ok(found, `no device ${name}`);
  return found;
}

/** The chart is drawn and the table has rows. */
async function ready(page) {
  await page.locator('.uplot canvas').first().waitFor();
  await page.locator('.arch tbody td.num').first().waitFor();
}

async function goesToTheByte(stage) {
  const { id } = await point(stage, 'Школа 4');
  await stage.open(`/points/${id}`, {}, async (page) => {
    await ready(page);
    await page.locator('.arch tbody td.num').nth(3).click();
    assert.match(page.url(), /[?&]v=\d+\.\d+/, 'the open value is in the address');
    const panel = page.locator('aside.prov');
    await panel.getByText(/vkt7 \d/).waitFor();
    // The label comes with the record: a dash would mean that it did not.
    await panel.locator('dd', { hasText: /^\d\d\.\d\d\.\d{4}\s\d\d:\d\d$/ }).first().waitFor();
    await panel.getByRole('link', { name: 'Открыть трассу сеанса' }).click();
    await page.waitForURL(/\/sessions\/\d+#phase=hourly/);
    await page.locator('.trace .x.meant .hx .g8').first().waitFor();
  });
}

/** The day, in the time of the site, of the newest hour with an abnormal situation: the table draws only rows near the view. */
async function abnormalDay(stage, id) {
  const now = Date.now();
  const iso = (ms) => new Date(ms).toISOString().slice(0, 19) + 'Z';
  const archive = await stage.api(`/points/${id}/archive?kind=hourly&from=${iso(now - 60 * 86_400_000)}&to=${iso(now)}`);
  const run = archive.condition_runs.at(-1);
  assert.ok(run, 'no hour has an abnormal situation');
  const start = archive.starts.slice(0, run.row + 1).reduce((sum, by) => sum + by, 0) * 1000;
  const day = (ms) => new Date(ms + 3 * 3_600_000).toISOString().slice(0, 10);
  return { from: day(start), to: day(start + 86_400_000) };
}

async function saysWhatAnAbnormalSituationMeans(stage) {
  const { id } = await point(stage, 'Школа 4');
  const { from, to } = await abnormalDay(stage, id);
  await stage.open(`/points/${id}?kind=hourly&from=${from}&to=${to}`, {}, async (page) => {
    await ready(page);
    const row = page.locator('.arch tr.ns').first();
    await row.waitFor();
    const told = await row.locator('td').last().textContent();
    assert.match(told, /\p{L}{4,}|\d\d/u, `the row says what it is: ${told}`);
    await row.locator('td').last().click();
    const panel = page.locator('aside.prov');
    await panel.locator('.cond .st.ns').first().waitFor();
    const meaning = await panel.locator('.cond + p').first().textContent();
    assert.ok(meaning.length > 10, `the panel explains: ${meaning}`);
  });
}

async function zooms(stage) {
  const { id } = await point(stage, 'Школа 4');
  await stage.open(`/points/${id}?kind=hourly`, {}, async (page) => {
    await ready(page);
    const plot = page.locator('.uplot .u-over').first();
    const box = await plot.boundingBox();
    const [y, x] = [box.y + box.height / 2, (share) => box.x + box.width * share];
    await page.mouse.move(x(0.3), y);
    await page.mouse.down();
    await page.mouse.move(x(0.6), y, { steps: 6 });
    await page.mouse.up();
    await page.waitForURL(/from=.*to=/);
    const zoomed = new URL(page.url());
    const hours = (url) => (Date.parse(`${url.searchParams.get('to')}Z`) - Date.parse(`${url.searchParams.get('from')}Z`)) / 3_600_000;
    assert.ok(hours(zoomed) > 40 && hours(zoomed) < 62, `${hours(zoomed)} hours of a week`);
    await page.locator('.plots').focus();
    await page.keyboard.press('+');
    await page.waitForFunction((from) => new URL(location.href).searchParams.get('from') !== from, zoomed.searchParams.get('from'));
    assert.ok(hours(new URL(page.url())) < hours(zoomed));
    await page.keyboard.press('ArrowLeft');
    await page.locator('.legend b').first().waitFor();
    await page.keyboard.press('0');
    await page.waitForFunction(() => {
      const query = new URL(location.href).searchParams;
      return Date.parse(query.get('to')) - Date.parse(query.get('from')) > 6 * 86_400_000;
    });
    // The keys of the page: archives and periods.
    await page.locator('h1').click();
    await page.keyboard.press('Digit2');
    await page.locator('#tab-daily[aria-selected=true]').waitFor();
    await page.keyboard.press('BracketLeft');
    await page.waitForURL(/kind=daily&from=/);
    await page.goBack();
    await page.waitForURL((url) => !url.searchParams.has('from'));
  });
}

async function takesOut(stage) {
  const { id } = await point(stage, 'Школа 4');
  await stage.open(`/points/${id}?kind=daily`, {}, async (page) => {
    await ready(page);
    await page.getByText(/^Столбцы:/).click();
    await page.locator('.picks input').nth(1).uncheck();
    await page.keyboard.press('Escape');
    await page.waitForURL(/hide=/);
    const shown = await page.locator('.arch thead th.num').count();
    const file = async (name) => {
      await page.getByText('Выгрузить', { exact: true }).click();
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
    };
    const text = await file(/^CSV/);
    assert.match(text.name, /^point-\d+-daily-.*\.csv$/);
    assert.equal(text.bytes.subarray(0, 3).toString('hex'), 'efbbbf', 'the letters need no guess');
    const lines = text.bytes.subarray(3).toString('utf8').trim().split('\r\n');
    assert.equal(lines[0].split(';').length, shown + 4, 'start, end, the columns that are seen, НС, quality');
    assert.match(lines[0], /^начало;конец;/);
    assert.ok(lines.length > 5 && /;\d+,\d+;/.test(lines[2]), 'numbers have a comma');
    const book = await file(/XLSX/);
    assert.equal(book.bytes.subarray(0, 2).toString(), 'PK');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByText('Выгрузить', { exact: true }).click();
    await page.getByRole('button', { name: 'Копировать для программ' }).click();
    await page.getByText('Скопировано').waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    // A selection tells what it adds up to, and is copied as it is seen.
    await page.locator('.arch tbody td.num').first().focus();
    for (let i = 0; i < 4; i += 1) await page.keyboard.press('Shift+ArrowDown');
    await page.locator('.selsum').getByText(/^Выбрано 5: сумма [\d\s,]+ °C, среднее/).waitFor();
    await page.keyboard.press('Control+KeyC');
    await page.waitForFunction(async () => /^начало\tt1, °C\n/.test(await navigator.clipboard.readText()));
    assert.match(copied, new RegExp(`^point\tstart\tend\t.*\n${id}\t\\d{4}-\\d\\d-\\d\\dT`));
  });
}

async function compares(stage) {
  const { id } = await point(stage, 'Школа 4');
  await stage.open(`/points/${id}?kind=hourly`, {}, async (page) => {
    await ready(page);
    await page.getByText('Сравнить', { exact: true }).click();
    await page.getByRole('button', { name: 'С предыдущим периодом' }).click();
    await page.waitForURL(/cmp=before/);
    const table = page.locator('section[aria-labelledby=cmp]');
    await table.locator('tbody tr').first().waitFor();
    assert.match(await table.locator('thead').textContent(), /Здесь.*Разница/s);
    assert.match(await page.locator('.legend').textContent(), /t1 раньше/, 'the readout has the other period');
    await page.getByText('Сравнить', { exact: true }).click();
    await page.getByPlaceholder('Выберите точку').fill('поли');
    await page.locator('.picks').getByRole('button', { name: /Поликлиника/ }).first().click();
    await page.waitForURL(/cmp=p\d+/);
    await table.waitFor();
    await page.reload();
    await table.waitFor();
    await page.getByText('Сравнить', { exact: true }).click();
    await page.getByRole('button', { name: 'Не сравнивать' }).click();
    await table.waitFor({ state: 'detached' });
  });
}

async function holdsTotalsAgainstSums(stage) {
  const { id } = await point(stage, 'Школа 4');
  await stage.open(`/points/${id}?kind=hourly`, {}, async (page) => {
    await ready(page);
    await page.locator('section[aria-labelledby=tot]').waitFor();
    await page.getByRole('button', { name: 'Год', exact: true }).click();
    await page.locator('section[aria-labelledby=tot]').getByText(/сходится|не сказать|архив сравнить не с чем/).first().waitFor();
  });
}

async function showsDaysOfManyYears(stage) {
  const { id } = await point(stage, 'Школа 4');
  await stage.open(`/points/${id}?kind=hourly&from=2023-01-01&to=2026-12-31`, {}, async (page) => {
    await page.getByText('Период длиннее года: показаны сутки.').waitFor();
  });
}

async function filtersEvents(stage) {
  const { id } = await device(stage, 'Поликлиника');
  const { items } = await stage.api(`/devices/${id}/events?limit=200`);
  await stage.open(`/devices/${id}?kind=events`, {}, async (page) => {
    if (items.length === 0) {
      await page.getByText('Событий в журнале прибора нет.').waitFor();
      return;
    }
    await page.locator('#tabpanel table tbody tr').first().waitFor();
    await page.getByPlaceholder('Код или текст').fill('такого кода нет');
    await page.getByText('По этому отбору событий нет.').waitFor();
    assert.match(page.url(), /[?&]q=/);
    await page.getByRole('button', { name: 'Снять' }).click();
    await page.locator('#tabpanel table tbody tr').first().waitFor();
    await page.getByLabel('С', { exact: true }).fill('2100-01-01');
    await page.getByText('По этому отбору событий нет.').waitFor();
  });
}

async function changesASetting(stage) {
  const regulator = await device(stage, 'Контроллер ИТП');
  const settings = async () => (await stage.api(`/devices/${regulator.id}/settings`)).items;
  const comfort = (await settings()).find((one) => one.id === '11180');
  assert.ok(comfort?.writable, 'the comfort temperature of circuit 1 is written');
  const wanted = comfort.value === 21.5 ? 22.5 : 21.5;
  await stage.open(`/devices/${regulator.id}?kind=settings`, {}, async (page) => {
    const row = page.locator('.setst tbody tr', { hasText: comfort.title }).filter({ hasText: '11180' });
    await row.getByRole('button', { name: /^Изменить/ }).click();
    const dialog = page.locator('dialog.ctl');
    await dialog.getByRole('button', { name: 'Проверить на приборе' }).click();
    await dialog.getByText('Впишите новое значение.').waitFor();
    await dialog.getByLabel('Новое значение').fill(String(wanted).replace('.', ','));
    await dialog.getByLabel('Зачем').fill('жалоба 118');
    await dialog.getByRole('button', { name: 'Проверить на приборе' }).click();
    await dialog.getByText('Шаг 1 из 2').waitFor({ timeout: SESSION_MS });
    assert.match(await dialog.locator('.nowthen').textContent(), new RegExp(String(wanted).replace('.', ',')));
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Отмена', 'the first key does nothing dangerous');
    assert.equal((await settings()).find((one) => one.id === '11180').value, comfort.value, 'nothing is written yet');
    await dialog.getByRole('button', { name: 'Дальше' }).click();
    const write = dialog.getByRole('button', { name: 'Записать в Контроллер ИТП' });
    assert.ok(await write.isDisabled(), 'the number must be typed first');
    await dialog.getByLabel(/^Наберите номер прибора/).fill('123457');
    assert.ok(await write.isDisabled());
    await dialog.getByLabel(/^Наберите номер прибора/).fill('123456');
    await write.click();
    await dialog.getByText('Записано и прочитано обратно').waitFor({ timeout: SESSION_MS });
    await dialog.locator('footer').getByRole('button', { name: 'Закрыть' }).click();
    await dialog.waitFor({ state: 'detached' });
    const orders = page.locator('section[aria-labelledby=orders] tbody tr').first();
    await orders.getByText('сделано').waitFor();
    await orders.getByText('жалоба 118').waitFor();
    // What it was stands beside what it is.
    await page.locator('section[aria-labelledby=changes] tbody tr', { hasText: comfort.title }).first().waitFor();
    const first = await page.locator('.bar select option').last().getAttribute('value');
    await page.locator('.bar select').selectOption(first);
    await page.getByText(/^Отличий от последнего чтения: [1-9]/).waitFor();
    await page.locator('.setst tr.diff').first().waitFor();
  });
  // The device refuses what is beyond its limits, and says so.
  await stage.open(`/devices/${regulator.id}?kind=settings`, {}, async (page) => {
    await page.locator('.setst tbody tr', { hasText: '11180' }).getByRole('button', { name: /^Изменить/ }).click();
    const dialog = page.locator('dialog.ctl');
    await dialog.getByLabel('Новое значение').fill('999');
    await dialog.getByLabel('Зачем').fill('проба');
    await dialog.getByRole('button', { name: 'Проверить на приборе' }).click();
    await dialog.getByText('Не записано: прибор держит прежнее.').waitFor({ timeout: SESSION_MS });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });
}

async function changesACurve(stage) {
  const regulator = await device(stage, 'Контроллер ИТП');
  const points = async () => (await stage.api(`/devices/${regulator.id}/settings`)).items.filter(({ id }) => /^1140[0-5]$/.test(id)).map(({ value }) => value);
  const before = await points();
  const wanted = before.map((flow) => flow + (before[0] === 75 ? 2 : -2));
  const shot = (page, name) => process.env.UZEL_SHOTS && page.screenshot({ path: join(process.env.UZEL_SHOTS, `${name}.png`), fullPage: true });
  await stage.open(`/devices/${regulator.id}?kind=settings`, {}, async (page) => {
    const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Температурный график, контур 1' }) });
    await panel.getByRole('img', { name: new RegExp(`при −30 °C подача ${before[0]} °C`) }).waitFor();
    const opener = panel.getByRole('button', { name: /^Изменить/ });
    await opener.click();
    const dialog = page.locator('dialog.ctl');
    const field = (outdoor) => dialog.getByLabel(`Подача при ${outdoor} °C снаружи`);
    await dialog.getByLabel('Зачем').fill('осень');
    await dialog.getByRole('button', { name: 'Проверить на приборе' }).click();
    await dialog.getByText('Прибор держит такой же график.').waitFor();
    // A fault stands at its point; what is typed is drawn.
    await field('0').fill('60');
    await dialog.getByRole('button', { name: 'Проверить на приборе' }).click();
    await dialog.getByText('Теплее снаружи, а подача горячее.').waitFor();
    assert.ok(await field('0').evaluate((input) => input === document.activeElement), 'the fault has the focus');
    await field('−30').fill('95');
    await dialog.getByText('Вне пределов прибора, 10–90 °C.').waitFor();
    assert.deepEqual(await violations(page, 'a curve that is typed'), []);
    // The device has the last word on its limits.
    await field('0').fill(String(before[3]));
    await dialog.getByRole('button', { name: 'Проверить на приборе' }).click();
    await dialog.getByText('Не записано: прибор держит прежнее.').waitFor({ timeout: SESSION_MS });
    await dialog.getByText(/outside the flow limits 10 to 90/).waitFor();
    await dialog.getByRole('button', { name: 'Сначала' }).click();
    for (const [i, outdoor] of ['−30', '−15', '−5', '0', '5', '15'].entries()) await field(outdoor).fill(String(wanted[i]));
    await dialog.getByLabel('Зачем').fill('осень');
    await shot(page, 'curve-typed');
    assert.equal(await asksOnClosing(page), true, 'what is typed is asked for');
    await dialog.getByRole('button', { name: 'Проверить на приборе' }).click();
    await dialog.getByText('Шаг 1 из 2').waitFor({ timeout: SESSION_MS });
    assert.equal(await dialog.locator('.nowthen tbody tr').count(), 6, 'every point is shown as it is and as it will be');
    await dialog.getByRole('img', { name: new RegExp(`при −30 °C подача ${wanted[0]} °C`) }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Отмена', 'the first key does nothing dangerous');
    assert.deepEqual(await points(), before, 'nothing is written yet');
    await shot(page, 'curve-shown');
    await dialog.getByRole('button', { name: 'Дальше' }).click();
    await dialog.getByLabel(/^Наберите номер прибора/).fill('123456');
    await dialog.getByRole('button', { name: 'Записать в Контроллер ИТП' }).click();
    await dialog.getByText('Записано и прочитано обратно').waitFor({ timeout: SESSION_MS });
    assert.equal((await dialog.locator('.facts dd').first().textContent()).trim(), String(wanted[0]), 'what is read back is shown');
    await dialog.locator('footer').getByRole('button', { name: 'Закрыть' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.ok(await opener.evaluate((button) => button === document.activeElement), 'the focus is where it was');
    await panel.getByRole('img', { name: new RegExp(`при −30 °C подача ${wanted[0]} °C`) }).waitFor();
    await page.locator('section[aria-labelledby=orders] tbody tr').first().getByText(/curve circuit=1 y1=/).waitFor();
  });
  assert.deepEqual(await points(), wanted);
  for (const view of [{ lang: 'ru', theme: 'dark', width: 390 }, { lang: 'en', theme: 'light', width: 1440 }]) {
    await stage.open(`/devices/${regulator.id}?kind=settings`, view, async (page) => {
      await page.locator('.curvep svg').waitFor();
      await shot(page, `curve-${view.theme}-${view.lang}-${view.width}`);
      await page.locator('.curvep').locator('xpath=..').getByRole('button').click();
      await page.locator('dialog.ctl .curvet').waitFor();
      assert.deepEqual(await violations(page, `a curve ${view.lang}/${view.theme}/${view.width}`), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, 'no wider than the screen');
      const dialog = await page.locator('dialog.ctl').evaluate((one) => one.scrollWidth - one.clientWidth);
      assert.equal(dialog, 0, 'the dialog is no wider than itself');
      await shot(page, `curve-dialog-${view.theme}-${view.lang}-${view.width}`);
    });
  }
}

async function replays(stage) {
  const { id } = await device(stage, 'Школа 4');
  const { items } = await stage.api(`/sessions?device=${id}&limit=50`);
  const session = items.findLast((one) => one.outcome === 'complete' && one.records_added > 0);
  await stage.open(`/sessions/${session.id}`, {}, async (page) => {
    await page.getByRole('button', { name: 'Проиграть', exact: true }).click();
    await page.getByText(/Всё так же: .* до последнего знака/).waitFor({ timeout: SESSION_MS });
    await page.getByText(/^Драйвер vkt7 \d/).waitFor();
  });
}

async function readsNow(stage) {
  const { id } = await point(stage, 'Школа 4');
  await stage.open(`/points/${id}`, {}, async (page) => {
    await ready(page);
    await page.keyboard.press('KeyR');
    await page.getByText(/^Прочитано: Школа 4/).waitFor({ timeout: SESSION_MS });
  });
}

/** Every page in both languages, both widths, light and dark: nothing serious by axe-core, nothing wider than the screen. */
async function isForEverybody(stage) {
  const [heat, regulator] = [await point(stage, 'Школа 4'), await device(stage, 'Контроллер ИТП')];
  const { items } = await stage.api(`/sessions?limit=20`);
  const pages = [
    [`/points/${heat.id}?kind=hourly&cmp=before`, '.arch tbody td.num'],
    [`/devices/${regulator.id}?kind=settings`, '.setst tbody tr'],
    [`/devices/${regulator.id}?kind=events`, '#tabpanel .panel'],
    [`/sessions/${items.find((one) => one.bytes_received > 0).id}`, '#replay'],
  ];
  const found = [];
  for (const [path, there] of pages) {
    for (const view of VIEWS) {
      await stage.open(path, view, async (page) => {
        await page.locator(there).first().waitFor();
        if (path.startsWith('/points')) {
          await page.locator('.uplot canvas').first().waitFor();
          await page.locator('.arch tbody td.num').first().click();
          await page.locator('aside.prov dl').waitFor();
        }
        found.push(...(await faults(page, path, view)));
      });
    }
  }
  assert.deepEqual(found, []);
}

export const pointFlows = {
  'a value leads to the bytes': goesToTheByte,
  'an НС says what it means': saysWhatAnAbnormalSituationMeans,
  'the chart zooms and goes back': zooms,
  'what is seen is taken out': takesOut,
  'periods and points are compared': compares,
  'totals are held against sums': holdsTotalsAgainstSums,
  'a long period is shown by days': showsDaysOfManyYears,
  'a journal is filtered': filtersEvents,
  'a setting is changed in two steps': changesASetting,
  'a heat curve is drawn and written whole': changesACurve,
  'a session is replayed': replays,
  'a point is read now': readsNow,
  'points, settings and sessions are for everybody': isForEverybody,
};
