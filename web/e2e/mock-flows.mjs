// Flows that need a server which can be broken or filled at will.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Stage } from './flows.mjs';
import { violations } from './looks.mjs';
import { startMock } from './mock-server.mjs';

/** A mock server of the flow's own, which ends with it however it ends. */
async function withMock(options, use) {
  const mock = await startMock(options);
  try {
    await use(mock);
  } finally {
    await mock.stop();
  }
}

async function saysThatTheServerIsGone(browser) {
  await withMock({}, async (mock) => {
    const port = Number(new URL(mock.url).port);
    await new Stage(browser, mock.url).open('/devices', { quiet: /ERR_|Failed to load/ }, async (page) => {
      await page.locator('.devs tbody tr').first().waitFor();
      await mock.stop();
      await page.getByText('Нет связи с сервером').waitFor();
      assert.ok((await page.locator('.devs tbody tr').count()) > 0, 'what was read stays on the screen');
      await withMock({ port }, () => page.locator('.conn').waitFor({ state: 'detached', timeout: 40_000 }));
    });
  });
}

async function drawsTenThousandDevices(browser) {
  await withMock({ devices: 10_000 }, async (mock) => {
    await new Stage(browser, mock.url).open('/devices', {}, async (page) => {
      await page.locator('.devs tbody tr').first().waitFor();
      assert.equal(await page.locator('.devs').getAttribute('aria-rowcount'), '10001');
      await page.evaluate(() => scrollTo(0, 240_000));
      await page.waitForFunction(() => Number(document.querySelector('.devs tbody tr[aria-rowindex]').getAttribute('aria-rowindex')) > 4_000);
      assert.ok((await page.locator('.devs tbody tr').count()) < 120, 'only what is seen is drawn');
    });
  });
}

async function drawsTenThousandNodes(browser) {
  await withMock({ devices: 10_000 }, async (mock) => {
    await new Stage(browser, mock.url).open('/sites', {}, async (page) => {
      await page.locator('.places tbody a.node').first().waitFor();
      assert.equal(await page.locator('.places').getAttribute('aria-rowcount'), '10001');
      await page.evaluate(() => scrollTo(0, 240_000));
      await page.waitForFunction(() => Number(document.querySelector('.places tbody tr[aria-rowindex]').getAttribute('aria-rowindex')) > 4_000);
      await page.locator('.places tbody a.node').nth(5).waitFor();
      assert.ok((await page.locator('.places tbody tr').count()) < 120, 'only what is seen is drawn');
    });
    await new Stage(browser, mock.url).open('/', {}, async (page) => {
      await page.locator('.nodes tbody a.node').first().waitFor();
      assert.match(await page.title(), /^\(\d+\) Внимание/);
    });
  });
}

async function drawsAYearOfHours(browser) {
  await withMock({}, async (mock) => {
    await new Stage(browser, mock.url).open('/devices/1', {}, async (page) => {
      await page.getByRole('button', { name: 'Год', exact: true }).click();
      await page.getByText(/Прочитано 8\s\d{3} из/).waitFor();
      assert.ok((await page.locator('.arch tbody tr').count()) < 120, 'only what is seen is drawn');
      await page.locator('.arch').evaluate((box) => (box.scrollTop = box.scrollHeight));
      await page.locator('.arch tbody tr').last().waitFor();
      assert.equal(await page.locator('.arch tfoot td').first().textContent(), 'Итого, ср. взв.');
    });
  });
}

async function namesTheFailureOfARead(browser) {
  await withMock({}, async (mock) => {
    await new Stage(browser, mock.url).open('/devices/2', {}, async (page) => {
      await page.locator('.ph .btn.pri').click();
      await page.getByText(/Линия открыта, прибор молчит: 3 requests of 5 s/).waitFor();
      assert.equal(await page.locator('.toast[role=alert]').count(), 1, 'a failure stays');
    });
  });
}

async function showsEarlierVersions(browser) {
  await withMock({}, async (mock) => {
    await new Stage(browser, mock.url).open('/devices/1?point=2', {}, async (page) => {
      const cells = page.locator('tr:has(.vtag) td.num');
      await cells.first().waitFor();
      const heat = (await cells.nth(9).textContent()).replace('?', '');
      await cells.nth(9).click();
      const versions = page.locator('.vers tr td.num');
      await versions.nth(1).waitFor();
      // The mock's first version of point 1 alone was another one: point 2 kept its heat.
      assert.deepEqual(await versions.allTextContents(), [heat, heat]);
    });
  });
}

async function cancelsFromTheList(browser) {
  await withMock({}, async (mock) => {
    await new Stage(browser, mock.url).open('/sessions', {}, async (page) => {
      await page.getByText('Сейчас сеансов нет.').waitFor();
      mock.mock.begin(mock.mock.device(5), 'schedule');
      await page.getByRole('button', { name: 'Прервать' }).click();
      await page.locator('.stack').getByText('Отменено').waitFor();
    });
  });
}

async function startsEmpty(browser) {
  await withMock({ devices: 0 }, async (mock) => {
    await new Stage(browser, mock.url).open('/', {}, async (page) => {
      await page.getByText('Узлов ещё нет.').waitFor();
    });
  });
}

/** Anybody who looks at any screen knows that nobody signs drivers here. */
async function warnsOfUnsignedDrivers(browser) {
  for (const unsigned of [true, false]) {
    await withMock({ unsigned }, async (mock) => {
      for (const path of ['/', '/sites', '/devices/1', '/sessions', '/sessions/199', '/drivers', '/drivers/vkt7', '/keys']) {
        await new Stage(browser, mock.url).open(path, { lang: 'en' }, async (page) => {
          await page.locator('main h1').waitFor();
          await page.getByText('Server 0.1.0').waitFor();
          const told = page.getByText('Development mode: drivers are taken without a signature.');
          if (unsigned) await told.waitFor();
          else assert.equal(await told.count(), 0, path);
        });
      }
    });
  }
}

/** A version whose shadow differs: the report before the deed, and a deed against its word wants the version typed. */
async function asksBeforeAnOverride(browser) {
  await withMock({}, async (mock) => {
    for (const view of [{ theme: 'light', width: 1440 }, { theme: 'dark', width: 360 }]) {
      await new Stage(browser, mock.url).open('/drivers/vkt7?v=7d20', { lang: 'en', quiet: /409/, ...view }, async (page) => {
        await page.getByText('Activation is closed: other values in 12').waitFor();
        assert.equal(await page.locator('section[aria-labelledby=shadow] td.diff').count(), 20);
        for (const deed of ['Canary…', 'Activate…']) {
          await page.getByRole('button', { name: deed }).click();
          const dialog = page.locator('dialog.ask');
          await dialog.getByText('13 sessions differ').waitFor();
          assert.deepEqual(await violations(page, `${deed} ${view.theme}`), []);
          if (deed === 'Activate…') {
            const go = dialog.locator('footer .pri');
            await dialog.getByLabel('Why').fill('in a hurry');
            assert.ok(await go.isDisabled(), 'the version is not typed yet');
            await dialog.getByLabel(/^Type/).fill('1.6.0-rc.1');
            await go.click();
            await dialog.getByRole('alert').getByText('This cannot be done now.').waitFor();
          }
          await page.keyboard.press('Escape');
          await dialog.waitFor({ state: 'detached' });
        }
      });
    }
  });
}

/** Codes of the document; whoever is not signed in is asked to, and sees no page. */
function codes() {
  const { components } = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8'));
  const told = components.schemas.Problem.properties.code.description;
  return [...told.matchAll(/`([a-z-]+)`/g)].map(([, code]) => code).filter((code) => code !== 'not-signed-in');
}

async function tellsEveryRefusalInWords(browser) {
  await withMock({}, async (mock) => {
    for (const [lang, again] of [['ru', 'Повторить'], ['en', 'Try again']]) {
      await new Stage(browser, mock.url).open('/', { lang, quiet: /status of 418/ }, async (page) => {
        let code = '';
        await page.route('**/api/v1/drivers/keys', (route) => route.fulfill({
          status: 418, contentType: 'application/problem+json', json: { type: 'about:blank', title: 'Teapot', status: 418, code, detail: 'words of the server', request_id: '7f3c' },
        }));
        for (code of codes()) {
          await page.goto(`${mock.url}/keys`);
          const note = page.locator('main [role=alert]');
          await note.getByRole('button', { name: again }).waitFor();
          const [text, own] = await note.evaluate((element) => {
            const foreign = [...element.querySelectorAll('[lang=en]')].map((one) => one.textContent).join();
            for (const one of element.querySelectorAll('[lang=en], button')) one.remove();
            return [element.textContent, foreign];
          });
          const rest = text.replace(code, '').replace('7f3c', '').replace('7f3c', '').replace('http.hosts', '');
          assert.doesNotMatch(rest, lang === 'ru' ? /[a-z]{2}/i : /[а-яё]/i, `${code} in ${lang}: ${text}`);
          assert.doesNotMatch(rest, /не знает: |does not know: /, `${code} has no words in ${lang}`);
          if (lang === 'ru') assert.ok(own === '' || own === 'words of the server', own);
        }
      });
    }
  });
}

async function sendsAgain(browser) {
  await withMock({}, async (mock) => {
    await new Stage(browser, mock.url).open('/admin/system/webhooks', { quiet: /ERR_|Failed to load/ }, async (page) => {
      const standing = (name) => page.locator('.hooks tbody tr', { hasText: name }).locator('.st').textContent();
      await page.locator('.hooks tbody tr').nth(2).waitFor();
      assert.deepEqual([await standing('Расчёты'), await standing('Диспетчерская'), await standing('Стенд')].map((word) => word.trim()), ['Не принимает', 'Принимает', 'Отключён']);
      await page.getByRole('link', { name: 'Расчёты' }).click();
      const rows = page.locator('.usr tbody tr');
      await rows.nth(99).waitFor();
      assert.equal(await rows.count(), 100);
      await page.getByText(/Пропущено событий: 1\s204\./).waitFor();
      await page.getByRole('button', { name: 'Показать ещё' }).click();
      await rows.nth(152).waitFor();
      await page.getByRole('button', { name: 'Недоставленные' }).click();
      await page.waitForURL(/state=dead/);
      await rows.nth(2).waitFor({ state: 'detached' });
      await rows.nth(0).getByText('Получатель ответил 500, ждём 2xx').waitFor();
      assert.equal(await rows.nth(1).locator('[lang=en]').textContent(), 'invalid of tomorrow');
      assert.deepEqual(await violations(page, 'what was given up'), []);
      await page.setViewportSize({ width: 720, height: 900 });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, 'it fits beside the rail');
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.getByRole('button', { name: 'Повторить отправку № 259' }).click();
      await page.getByText('Отправка № 259 пойдёт ещё раз').waitFor();
      await rows.nth(1).waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Все', exact: true }).click();
      await rows.nth(1).getByText('Идёт ещё раз').waitFor();

      // What comes while the list has the focus waits behind a button; what is there goes on.
      const [gone] = mock.mock.webhooks;
      gone.deliveries.unshift({ ...gone.deliveries[0], id: 261, state: 'dead', next_at: null });
      await rows.first().getByText('№ 261').waitFor();
      await page.getByRole('button', { name: 'Повторить отправку № 261' }).focus();
      gone.deliveries.unshift({ ...gone.deliveries[1], id: 262, state: 'pending' });
      const fresh = page.getByRole('button', { name: 'Новых: 1, показать' });
      await fresh.waitFor();
      await rows.first().getByText('№ 261').waitFor();
      await fresh.click();
      await rows.first().getByText('№ 262').waitFor();

      await mock.stop();
      await page.getByText('Нет связи с сервером').waitFor();
      assert.ok((await rows.count()) > 100, 'what was read stays on the screen');
    });
  });
}

export const mockFlows = {
  'a deed against the word of a shadow is asked twice': asksBeforeAnOverride,
  'unsigned drivers are told on every screen': warnsOfUnsignedDrivers,
  'a lost server is told, and the screen catches up': saysThatTheServerIsGone,
  'ten thousand devices': drawsTenThousandDevices,
  'ten thousand nodes': drawsTenThousandNodes,
  'a year of hours': drawsAYearOfHours,
  'a failed read names its cause': namesTheFailureOfARead,
  'versions are told by their own column': showsEarlierVersions,
  'a running session can be cancelled': cancelsFromTheList,
  'a first start says what to do': startsEmpty,
  'every refusal of the document is told in words': tellsEveryRefusalInWords,
  'webhooks: what was given up is sent again': sendsAgain,
};
