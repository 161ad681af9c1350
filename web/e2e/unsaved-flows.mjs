// What was typed is not lost by a wrong click, against a real host: every kind of form asks before the page is left, by a
// link, a key, the browser's own buttons or the tab's cross; and does not ask when there is nothing to lose.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { violations } from './looks.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const question = (page) => page.getByRole('dialog', { name: 'Уйти без сохранения?' });
const side = (page, name) => page.locator('nav.side').getByRole('link', { name });

/** Is asked, stays, and finds what was typed still there. */
export async function staysWith(page, leave, field, text) {
  const before = page.url();
  await leave();
  await question(page).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Остаться', 'the first key stays');
  await page.keyboard.press('Escape');
  await question(page).waitFor({ state: 'detached' });
  assert.equal(page.url(), before, 'the address is that of the page');
  assert.equal(await field.inputValue(), text, 'what was typed is there');
}

/** Closes the tab and stays; returns whether the browser has asked. */
export async function asksOnClosing(page) {
  // The browser asks, or the page goes: nothing else can follow.
  const said = Promise.race([page.waitForEvent('dialog').catch(() => null), page.waitForEvent('close').then(() => null)]);
  await page.close({ runBeforeUnload: true });
  const dialog = await said;
  if (!dialog) return false;
  assert.equal(dialog.type(), 'beforeunload');
  await dialog.dismiss();
  // The page is there again before anything else is done with it.
  await page.locator('main h1').first().waitFor();
  return true;
}

async function asksForADevice({ stage }) {
  const { id } = (await stage.api('/devices?limit=500')).items.find((one) => one.name === 'Школа 4');
  const isDevice = (url) => url.pathname === `/devices/${id}`;
  await stage.open('/admin/devices', {}, async (page) => {
    await page.locator('.kept tbody tr').first().waitFor();
    const toForm = async () => {
      await page.locator('.kept tbody tr', { hasText: 'Школа 4' }).getByRole('link', { name: /^Изменить/ }).click();
      await page.getByLabel('Название прибора').waitFor();
    };
    // What was opened and not touched is left as any page is, also when it was touched and put back.
    await toForm();
    const name = page.getByLabel('Название прибора');
    await name.fill('Школа № 4');
    await name.fill('Школа 4');
    await page.goBack();
    await page.locator('.kept tbody tr').first().waitFor();

    await toForm();
    await name.fill('Школа № 4');
    const drivers = side(page, /Драйверы/);
    await staysWith(page, () => drivers.click(), name, 'Школа № 4');
    assert.ok(await drivers.evaluate((link) => link === document.activeElement), 'the focus is where it was');
    await staysWith(page, () => page.goBack(), name, 'Школа № 4');
    // By the keyboard: a chord, then staying by the button that has the focus.
    await page.locator('main h1').click();
    await page.keyboard.press('g');
    await page.keyboard.press('l');
    await question(page).waitFor();
    assert.deepEqual(await violations(page, 'the question'), []);
    if (process.env.UZEL_SHOTS) await page.screenshot({ path: join(process.env.UZEL_SHOTS, 'unsaved.png') });
    await page.keyboard.press('Enter');
    await question(page).waitFor({ state: 'detached' });
    assert.equal(await name.inputValue(), 'Школа № 4');
    assert.equal(await asksOnClosing(page), true);
    // Going back wants the same answer, and goes where it was to go.
    await page.goBack();
    await question(page).waitFor();
    await button(page, 'Уйти без сохранения').click();
    await page.waitForURL(/\/admin\/devices$/);
    await page.locator('.kept tbody tr').first().waitFor();
    await page.goForward();
    await page.waitForURL(new RegExp(`/admin/devices/${id}$`));
    await name.waitFor();
    assert.equal(await name.inputValue(), 'Школа 4', 'nothing was stored');

    // What is saved is not asked for.
    await name.fill('Школа № 4');
    await button(page, 'Сохранить').click();
    await page.waitForURL(isDevice);
    assert.equal(await question(page).count(), 0);
  });
  await stage.open(`/admin/devices/${id}`, {}, async (page) => {
    await page.getByLabel('Название прибора').fill('Школа 4');
    await button(page, 'Сохранить').click();
    await page.waitForURL(isDevice);
  });
  await stage.open(`/admin/devices/${id}?do=replace`, {}, async (page) => {
    const serial = page.getByLabel('Заводской номер нового прибора');
    await serial.waitFor();
    await side(page, /Драйверы/).click();
    await page.waitForURL(/\/drivers$/);
    await page.goBack();
    await serial.fill('4711');
    await staysWith(page, () => side(page, /Драйверы/).click(), serial, '4711');
  });
}

async function asksInADialog({ stage }) {
  await stage.open('/drivers', {}, async (page) => {
    await page.locator('main h1').waitFor();
    await side(page, /Приборы/).click();
    await page.getByRole('link', { name: 'Организации' }).click();
    await button(page, 'Новая организация').click();
    // Nothing is typed yet: a button of the browser, which works beside a dialog, takes it along.
    await page.goBack();
    await page.locator('dialog.ask').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Организации' }).click();
    await button(page, 'Новая организация').click();
    const name = page.locator('dialog.ask').getByLabel('Название');
    await name.fill('Водоканал');
    await staysWith(page, () => page.goBack(), name, 'Водоканал');
    assert.equal(await asksOnClosing(page), true);
    // Cancelling says what is meant: nobody is asked, and nothing is held after it.
    await button(page, 'Отмена').click();
    assert.equal(await asksOnClosing(page), false);
  });
  await stage.open('/drivers', {}, async (page) => {
    await page.getByRole('link', { name: 'Ключи доверия' }).click();
    await page.locator('.ph .acts button').first().click();
    const name = page.getByLabel('Чей он');
    await name.fill('ключ');
    await staysWith(page, () => page.goBack(), name, 'ключ');
  });
}

async function keepsADraft({ stage, lines }) {
  await stage.open('/admin/devices/new', {}, async (page) => {
    await page.getByRole('searchbox', { name: 'Модель' }).fill('IEC 62056-21');
    await page.locator('.kmods .opt input').first().check();
    await button(page, 'Дальше').click();
    await page.getByLabel('Порт', { exact: true }).fill(/:(\d+)$/.exec(lines[3])[1]);
    // A draft without a password loses nothing by leaving; the tab takes it along.
    await side(page, /Драйверы/).click();
    await page.waitForURL(/\/drivers$/);
    await page.goBack();
    await page.getByText('Это ваш черновик').waitFor();
    const secret = page.locator('main input[type=password]').first();
    await secret.fill('1234');
    await staysWith(page, () => side(page, /Драйверы/).click(), secret, '1234');
    // Esc leaves the wizard; Esc in the question stays in it.
    await secret.press('Escape');
    await question(page).waitFor();
    await page.keyboard.press('Escape');
    await question(page).waitFor({ state: 'detached' });
    assert.equal(await secret.inputValue(), '1234');
    assert.equal(await asksOnClosing(page), true);
  });
}

async function asksForAnImport({ stage }) {
  const row = 'Дом 9,vkt7,tcp:10.9.9.9:4001,Дом 9,Дом 9,,every 1d: clock,address=1';
  await stage.open('/admin/import', {}, async (page) => {
    await page.locator('input[type=file]').setInputFiles({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(`name,driver,line,line_name,site,serial,schedule,config\n${row}`) });
    await page.getByText('Ошибок нет. Новых 1').waitFor();
    await side(page, /Драйверы/).click();
    await question(page).waitFor();
    await button(page, 'Остаться').click();
    await page.getByText('Ошибок нет. Новых 1').waitFor();
    await side(page, /Драйверы/).click();
    await button(page, 'Уйти без сохранения').click();
    await page.waitForURL(/\/drivers$/);
    await page.locator('main h1').waitFor();
  });
}

export const unsavedFlows = {
  'unsaved: a device is not left by a wrong click': asksForADevice,
  'unsaved: a dialog holds what was typed in it': asksInADialog,
  'unsaved: a draft loses no more than its password': keepsADraft,
  'unsaved: a list that fits waits to be stored': asksForAnImport,
};
