// Five tasks that a newcomer does unaided in three minutes each, against a real host: only from the start page and only by
// what stands on the screen. How many clicks each takes is printed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { READ_MS, portOf } from './admin-flows.mjs';
import { signedPackage } from './driver-flows.mjs';

const [NEW, REPLACING] = [3, 4];
const TASK_MS = 180_000;
const TEST_MS = 60_000;

/** A person at the screen: clicks and types what he can read there. */
class Newcomer {
  constructor(page) {
    this.page = page;
    this.clicks = 0;
    this.fields = 0;
  }
  async click(target, options) {
    this.clicks += 1;
    await (typeof target === 'string' ? this.page.getByText(target, { exact: true }).filter({ visible: true }).first() : target).click(options);
  }
  link(name) {
    return this.click(this.page.getByRole('link', { name }).filter({ visible: true }).first());
  }
  button(name) {
    return this.click(this.page.getByRole('button', { name, exact: true }).filter({ visible: true }).first());
  }
  async type(label, text, within = this.page.locator('main')) {
    this.fields += 1;
    await within.getByLabel(label, { exact: true }).fill(text);
  }
  async sees(text, options) {
    await this.page.getByText(text, options?.exact ? { exact: true } : {}).filter({ visible: true }).first().waitFor({ timeout: options?.timeout ?? 20_000 });
  }
}

/** A task begins on the start page and ends in time. */
const task = (name, act) => async (subject) => {
  const began = Date.now();
  await subject.stage.open('/', { quiet: act.quiet ?? null }, async (page) => {
    await page.locator('main h1').waitFor();
    const person = new Newcomer(page);
    await act(person, page, subject);
    const took = Date.now() - began;
    console.log(`        ${name}: ${person.clicks} clicks, ${person.fields} fields, ${Math.round(took / 1000)} s`);
    assert.ok(took < TASK_MS, `${name} took ${took} ms`);
  });
};

async function findsANodeWithoutData(person) {
  await person.sees('Нет связи');
  await person.link('Лесная 10 (молчит)');
  await person.sees('Линия открыта, прибор молчит');
  // The proof: the session, and what was said on the line.
  await person.link(/^Сеанс \d+|^\d+$/);
  await person.sees('прибор молчит');
  await person.page.locator('.hx').first().waitFor();
}

async function seesWhatAnAbnormalSituationMeans(person, page) {
  await person.link('Объекты');
  await person.link(/^Школа 4$/);
  await person.link('Отопление и ГВС');
  await page.locator('.arch').first().waitFor();
  // The marks above the chart say where to look; the row below has the same word.
  await person.click(page.locator('.arch tr.ns').first().locator('td').last());
  const told = page.locator('aside.prov');
  await told.locator('.cond .st.ns').first().waitFor();
  assert.ok((await told.locator('.cond + p').first().innerText()).length > 10, 'the situation is explained');
}

async function addsANode(person, page, { lines }) {
  await person.link('Приборы');
  await person.link('Добавить прибор');
  await person.type('Модель', 'СПТ943');
  await person.click(page.locator('.kmods .opt', { hasText: 'СПТ943 ' }).first());
  await person.button('Дальше');
  await person.type('Узел сети', '127.0.0.1');
  await person.type('Порт', portOf(lines[NEW]));
  await person.type('Сетевой номер NT', '1');
  await person.button('Проверить связь');
  await person.sees('Связь есть, прибор отвечает.', { timeout: TEST_MS });
  await person.button('Дальше: место');
  await person.type('Название объекта', 'Мира 17');
  await person.type('Часовой пояс', 'Europe/Moscow');
  await person.button('Добавить и прочитать');
  await person.sees('Прибор прочитан.', { timeout: READ_MS });
  await person.link('Открыть архив');
  await page.locator('.arch tbody td.num').first().waitFor();
}

async function replacesAMeter(person, page, { lines }) {
  await person.link('Приборы');
  await person.link('Заменить: Поликлиника');
  await person.type('Заводской номер нового прибора', '12004');
  await person.button('Новая линия');
  await person.type('Узел сети', '127.0.0.1');
  await person.type('Порт', portOf(lines[REPLACING]));
  await person.button('Проверить связь');
  await person.sees('Связь есть, прибор отвечает.', { timeout: TEST_MS });
  await person.button('Заменить прибор');
  await person.sees('Прибор прочитан.', { timeout: READ_MS });
}

/** A version that reads the devices of vkt7 in place of the one before: what a newcomer will take back. */
async function putsAnotherVersionToWork({ stage, dir }) {
  const send = async (path, body, type = 'application/json') => {
    const answer = await fetch(`${stage.base}/api/v1${path}`, { method: 'POST', headers: { 'content-type': type, 'x-uzel': '1' }, body: type === 'application/json' ? JSON.stringify(body) : body });
    assert.ok(answer.ok, `${path} answers ${answer.status}: ${answer.ok ? '' : await answer.text()}`);
    return answer;
  };
  const { key, file } = await signedPackage(dir);
  const { vendor } = (await stage.api('/drivers/versions')).items.find((one) => one.driver === 'vkt7');
  await send('/drivers/keys', { public: key, name: 'Завод', vendor, roles: ['read', 'configure', 'control'], models: ['vkt7'], valid_from: null, valid_to: null, why: 'договор' });
  const taken = await (await send(`/drivers/versions?${new URLSearchParams({ grant: 'diagnostics,configure,control', why: 'новая' })}`, readFileSync(file), 'application/octet-stream')).json();
  await send(`/drivers/versions/${taken.digest}/shadow`, { why: 'перед пуском', sessions: 20 });
  await send(`/drivers/versions/${taken.digest}/activate`, { why: 'всё чисто', override: false });
}

async function rollsADriverBack(person, page) {
  await person.link('Драйверы');
  await person.link(/vkt7/i);
  await person.click(page.getByRole('button', { name: /^Откатить на/ }).first());
  const dialog = page.locator('dialog.ask');
  await person.type('Почему', 'стало хуже', dialog);
  await person.click(dialog.getByRole('button', { name: /^Откатить/ }));
  await dialog.waitFor({ state: 'detached', timeout: TEST_MS });
  await person.sees('стало хуже');
}

export const newcomerFlows = {
  'a newcomer finds a node without data and says why': task('no data', findsANodeWithoutData),
  'a newcomer sees what an НС means': task('what an НС means', seesWhatAnAbnormalSituationMeans),
  'a newcomer adds a node and reads it': task('add a node', addsANode),
  'a newcomer replaces a meter': task('replace a meter', replacesAMeter),
  'a newcomer rolls a driver back': async (subject) => {
    await putsAnotherVersionToWork(subject);
    await task('roll a driver back', rollsADriverBack)(subject);
  },
};
