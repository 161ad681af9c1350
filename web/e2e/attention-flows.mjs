// What a dispatcher does at the start, against a real host: finds what has no data and why, says that it is known and who
// deals with it, reads again; finds places by what people remember of them.

import assert from 'node:assert/strict';
import { VIEWS, faults, violations } from './looks.mjs';

/** A meter that never answers is given up after some seconds; three in a row make a node without connection. */
const READ_MS = 120_000;
const SILENT = 'Лесная 10 (молчит)';

const row = (page, name) => page.locator('.nodes tbody tr', { has: page.locator('a.node', { hasText: name }) });

async function post(stage, path, body) {
  const answer = await fetch(`${stage.base}/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path} answers ${answer.status}`);
  return answer.json();
}

async function silentNode(stage) {
  const { items } = await stage.api(`/attention?state=any&q=${encodeURIComponent('Лесная 10')}`);
  const found = items.find((one) => one.name === SILENT);
  assert.ok(found, 'the silent meter has a node');
  return found;
}

/** Reads the silent meter until its node has no connection. */
async function makeSilent(stage) {
  const until = Date.now() + READ_MS;
  for (;;) {
    const node = await silentNode(stage);
    if (node.state === 'no-connection') return node;
    assert.ok(Date.now() < until, `${node.name} is ${node.state} after ${node.cause.attempts ?? 0} attempts`);
    await post(stage, '/attention/read-now', { nodes: [node.id] });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

async function addsUp(stage) {
  const page = await stage.api('/attention');
  const sum = Object.values(page.counts).reduce((total, count) => total + count, 0);
  assert.equal(sum, page.active, 'each active node is in exactly one state');
  assert.equal(page.total, page.active - page.counts.normal);
  const tree = await stage.api('/tree');
  assert.equal(tree.items.reduce((total, { counts }) => total + Object.values(counts).reduce((all, count) => all + count, 0), 0), page.active);
}

/** Start, row, session: three clicks from the list to the bytes. */
async function findsWhyThereAreNoData(stage) {
  await makeSilent(stage);
  for (const [lang, why, open] of [['ru', 'Линия открыта, прибор молчит', 'Сеанс'], ['en', 'Line open, meter silent', 'Session']]) {
    await stage.open('/', { lang }, async (page) => {
      const found = row(page, SILENT);
      await found.getByText(why).first().waitFor();
      assert.match(await page.title(), /^\(\d+\) /, 'the title has the count');
      await found.locator('a.node').click();
      await page.waitForURL(/\/nodes\/\d+$/);
      await page.getByText(why).first().waitFor();
      await page.locator('.peek').getByRole('link', { name: new RegExp(`^${open} \\d+`) }).click();
      await page.waitForURL(/\/sessions\/\d+/);
      await page.locator('.trace .x').first().waitFor();
    });
  }
}

async function saysThatItIsKnown(stage) {
  await makeSilent(stage);
  await stage.open('/', {}, async (page) => {
    const found = row(page, SILENT);
    await found.locator('a.node').focus();
    await page.keyboard.press('c');
    await found.getByText('квитировано').waitFor();
    await page.getByText('Квитировано: 1 узел').waitFor();
    await page.locator('.toast').getByRole('button', { name: 'Вернуть' }).click();
    await found.getByText('квитировано').waitFor({ state: 'detached' });
    await page.keyboard.press('c');
    await found.getByText('квитировано').waitFor();
  });
  const node = await silentNode(stage);
  assert.ok(node.acknowledged, 'the server knows it');
}

async function saysWhoDealsWithIt(stage) {
  await makeSilent(stage);
  await stage.open('/', {}, async (page) => {
    const found = row(page, SILENT);
    await found.locator('a.node').focus();
    await page.keyboard.press('n');
    await page.getByLabel('Имя').fill('Ким');
    await page.keyboard.press('Enter');
    await found.locator('td.who', { hasText: 'Ким' }).waitFor();
    await page.getByText('Ким ведёт 1 узел').waitFor();
  });
  const { people } = await stage.api('/attention');
  assert.deepEqual(people, ['Ким']);
}

async function readsManyAtOnce(stage) {
  await makeSilent(stage);
  await stage.open('/?state=normal', {}, async (page) => {
    await page.locator('.nodes tbody a.node').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Control+a');
    const count = await page.locator('.nodes tbody a.node').count();
    const bulk = page.getByRole('region', { name: 'Действия с выбранными' });
    await bulk.getByText(`Выбрано ${count}`).waitFor();
    assert.deepEqual(await violations(page, 'chosen rows'), []);
    await bulk.getByRole('button', { name: 'Прочитать сейчас' }).click();
    await page.locator('.toast').getByText('В очереди на чтение').waitFor();
    await page.keyboard.press('Escape');
    await bulk.waitFor({ state: 'detached' });
  });
}

async function looksWithoutLeaving(stage) {
  await makeSilent(stage);
  for (const view of [{ lang: 'ru', theme: 'light' }, { lang: 'en', theme: 'dark' }]) {
    await stage.open('/', view, async (page) => {
      await row(page, SILENT).locator('a.node').focus();
      await page.keyboard.press('Space');
      await page.locator('.nodes .peek a[href^="/sessions/"]').waitFor();
      assert.deepEqual(await violations(page, `a row that is open, ${view.lang}`), []);
      await page.keyboard.press('Escape');
      await page.locator('.nodes .peek').waitFor({ state: 'detached' });
    });
  }
}

/** Serial number, model in the other script, address in the other layout. */
async function findsByWhatPeopleRemember(stage) {
  const { items } = await stage.api('/devices?limit=500');
  const vkt = items.find(({ model_name, serial }) => model_name === 'ВКТ-7' && serial);
  assert.ok(vkt, 'a ВКТ-7 was read');
  const cases = [[vkt.serial, vkt.name], ['VKT-7', vkt.name], ['BKT-7', vkt.name], ['ktcyfz', 'Лесная 10'], ['Shkola', 'Школа 4']];
  await stage.open('/sessions', {}, async (page) => {
    await page.locator('main h1').waitFor();
    for (const [typed, want] of cases) {
      await page.keyboard.press('Slash');
      await page.keyboard.type(typed);
      await page.locator('#found [role=option] b', { hasText: want }).first().waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
    }
    await page.keyboard.press('Slash');
    await page.keyboard.type('нет такого');
    await page.getByText('Ничего не найдено по «нет такого».').waitFor();
    await page.locator('.find input').first().fill(vkt.serial);
    await page.locator('#found [role=option] b', { hasText: vkt.name }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/devices\/\d+$/);
  });
}

async function walksTheTree(stage) {
  await stage.open('/sites', {}, async (page) => {
    const organisation = page.locator('[role=treeitem]').filter({ hasText: 'Теплосеть' }).first();
    await organisation.focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('[role=treeitem][aria-level="2"]', { hasText: 'Школа 4' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/at=organisation/);
    await page.waitForFunction(() => document.querySelector('.places')?.getAttribute('aria-rowcount') === '4');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/at=site/);
    await page.waitForFunction(() => document.querySelector('.places')?.getAttribute('aria-rowcount') === '2');
    await page.reload();
    await page.waitForFunction(() => document.querySelector('.places')?.getAttribute('aria-rowcount') === '2');
    await page.locator('.places a.node').click();
    await page.waitForURL(/\/nodes\/\d+$/);
  });
}

async function nodesAreRightEverywhere(stage) {
  const { id } = await silentNode(stage);
  const found = [];
  for (const view of VIEWS) {
    for (const path of [`/nodes/${id}`, '/sites', '/map', '/']) {
      await stage.open(path, view, async (page) => {
        await page.locator('main h1').waitFor();
        await page.waitForLoadState('networkidle').catch(() => undefined);
        found.push(...(await faults(page, path, view)));
      });
    }
  }
  assert.deepEqual(found, []);
  await stage.open('/', { width: 390 }, async (page) => {
    await page.getByRole('button', { name: 'Ещё' }).click();
    await page.locator('.sheet').getByRole('link', { name: 'Карта' }).click();
    await page.waitForURL(/\/map$/);
  });
  await stage.open('/nodes/999999999', { quiet: /404/ }, (page) => page.getByText('Такой страницы нет, или она вам не открыта.').waitFor());
}

export const attentionFlows = {
  'states add up to the active nodes': addsUp,
  'a node without data is found, and why': findsWhyThereAreNoData,
  'a trouble is acknowledged and taken back': saysThatItIsKnown,
  'a node is assigned': saysWhoDealsWithIt,
  'many nodes are read at once': readsManyAtOnce,
  'a row is looked at without leaving': looksWithoutLeaving,
  'places are found by what people remember': findsByWhatPeopleRemember,
  'the tree narrows the list': walksTheTree,
  'places in both languages, on a phone, in the dark': nodesAreRightEverywhere,
};
