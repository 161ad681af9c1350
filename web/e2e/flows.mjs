// What people do with the client, as flows over a base address: the same against the mock and a real server.
// A flow gets a `Stage` and throws when something is not as it should be.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { VIEWS, faults, violations } from './looks.mjs';

/** Pages about drivers; both servers have this one. */
const DRIVERS = ['/drivers', '/drivers/vkt7', '/keys'];
/** Places: all of them, by the tree and on the map, and the devices. */
const PLACES = ['/sites', '/map', '/devices'];
/** Phones as narrow as they come. */
const NARROWEST = VIEWS.map((view) => (view.width < 720 ? { ...view, width: 360 } : view));
const WAIT_MS = 20_000;
/** As much of a page is told when a flow fails on it. */
const SHOWN_CHARS = 3_000;
/** A read on a real line takes as long as the meter takes. */
const READ_MS = 120_000;

/** Opens pages and remembers what they complained about. */
export class Stage {
  constructor(browser, base) {
    this.browser = browser;
    this.base = base;
  }

  /**
   * `quiet` names what a page may say on its console, `state` who is signed in.
   *
   * @param {string} path
   * @param {{ lang?: string, theme?: string, width?: number, quiet?: RegExp | null, state?: any }} [view]
   * @param {(page: import('playwright-core').Page) => Promise<unknown>} [use]
   */
  async open(path, { lang = 'ru', theme = 'light', width = 1440, quiet = null, state } = {}, use) {
    const context = await this.browser.newContext({ ...(state ? { storageState: state } : {}), viewport: { width, height: 900 }, hasTouch: width < 720, acceptDownloads: true, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    const said = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !(quiet && quiet.test(message.text()))) said.push(message.text());
    });
    page.on('pageerror', (error) => said.push(String(error)));
    try {
      const mark = path.includes('?') ? '&' : '?';
      await page.goto(`${this.base}${path}${mark}lang=${lang}&theme=${theme}`);
      const result = await use(page);
      assert.deepEqual(said, [], `console errors on ${path}`);
      return result;
    } catch (error) {
      throw new Error(`${error.stack ?? error}\n${await shown(page)}`);
    } finally {
      await context.close();
    }
  }

  async api(path) {
    const answer = await fetch(`${this.base}/api/v1${path}`);
    assert.ok(answer.ok, `${path} answers ${answer.status}`);
    return answer.json();
  }

  /** A device whose hourly archive holds rows. */
  async deviceWithHours() {
    const { items } = await this.api('/devices?limit=500');
    const found = items.find((device) => device.archives.some((one) => one.kind === 'hourly' && one.records > 0));
    assert.ok(found, 'no device has an hourly archive');
    return found;
  }

  async sessionWithTrace() {
    const { items } = await this.api('/sessions?limit=100');
    const found = items.find((session) => session.ended_at && session.bytes_received > 0);
    assert.ok(found, 'no session has bytes');
    return found;
  }
}

/** What stands on a page on which a flow failed. */
async function shown(page) {
  const text = await page.locator('body').innerText({ timeout: 1_000 }).catch((error) => `not readable: ${error.message}`);
  return `at ${page.url()}:\n${text.replace(/\s*\n\s*/g, ' | ').slice(0, SHOWN_CHARS)}`;
}

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

/** Pixels of the first chart that are not its ground. */
const inked = (page) =>
  page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.uplot canvas'));
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count += 1;
    return count;
  });

async function listsDevices(stage) {
  const { items } = await stage.api('/devices?limit=500');
  await stage.open('/devices', {}, async (page) => {
    await page.locator('.devs tbody tr .st').first().waitFor();
    const names = await page.locator('.devs tbody a.node').allTextContents();
    assert.ok(names.length >= Math.min(items.length, 10), `${names.length} rows for ${items.length} devices`);
    const words = await page.locator('.devs td.stc').allTextContents();
    assert.ok(words.every((word) => word.trim().length > 1), 'every state has its word');
  });
}

async function drawsTheArchive(stage) {
  const device = await stage.deviceWithHours();
  await stage.open(`/devices/${device.id}`, {}, async (page) => {
    await page.locator('.uplot canvas').first().waitFor();
    await page.locator('.arch tbody td.num').first().waitFor();
    assert.ok((await inked(page)) > 500, 'the chart is empty');
    assert.ok((await page.locator('.legend b').count()) > 0, 'the readout tells nothing');
    for (const kind of ['daily', 'monthly', 'totals', 'events', 'settings']) {
      await page.locator(`#tab-${kind}`).click();
      await page.locator(`#tab-${kind}[aria-selected=true]`).waitFor();
      await page.locator('#tabpanel .panel').first().waitFor();
    }
  });
}

async function goesFromValueToWire(stage) {
  const device = await stage.deviceWithHours();
  await stage.open(`/devices/${device.id}`, {}, async (page) => {
    await page.locator('.arch tbody td.num').first().click();
    const panel = page.locator('aside.prov');
    await panel.locator('a[href^="/sessions/"]').first().waitFor();
    assert.match(page.url(), /[?&]v=\d+\.\d+/, 'the open value is in the address');
    await page.reload();
    await panel.locator('a[href^="/sessions/"]').first().click();
    await page.waitForURL(/\/sessions\/\d+/);
    await page.locator('aside.prov dl').first().waitFor();
  });
}

async function showsTheTrace(stage) {
  const session = await stage.sessionWithTrace();
  await stage.open(`/sessions/${session.id}`, {}, async (page) => {
    await page.locator('.trace .x .hx .g8').first().waitFor();
    const bytes = (await page.locator('.trace .x .hx .g8').first().textContent()).trim();
    assert.match(bytes, /^[0-9A-F]{2}( [0-9A-F]{2})*$/);
    await page.locator('.trf input').fill(bytes.slice(0, 5));
    await page.locator('.x.hit mark').first().waitFor();
    // The end of a long trace is drawn once it is in view and is then higher than its blank was: the link under it moves.
    await page.locator('.tfoot a[download]').scrollIntoViewIfNeeded();
    await page.locator('.trace > div').last().locator('.x').first().waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.tfoot a[download]').click()]);
    assert.ok(readFileSync(await download.path(), 'utf8').includes('\n'), 'the exported trace is empty');
  });
}

async function leadsToAByte(stage) {
  const session = await stage.sessionWithTrace();
  const { entries } = await stage.api(`/sessions/${session.id}/trace`);
  const bytesOf = (one) => (one.hex ?? '').replaceAll(' ', '').match(/../g) ?? [];
  // A long frame far down: it is folded, and below the view.
  const entry = entries.findLastIndex((one) => one.kind === 'received' && bytesOf(one).length >= 34);
  const at = entry >= 0 ? entry : entries.findLastIndex((one) => one.kind === 'received' && bytesOf(one).length > 2);
  const bytes = bytesOf(entries[at]).map((byte) => byte.toUpperCase());
  const last = bytes.length - 1;
  const marked = async (page) => (await page.locator('.x.meant mark').allTextContents()).map((byte) => byte.trim());
  await stage.open(`/sessions/${session.id}`, {}, async (page) => {
    await page.locator('.trace .x').first().waitFor();
    await page.goto(`${stage.base}/sessions/${session.id}#x=${at}:${last - 1}-${last}`);
    await page.reload();
    const row = page.locator('.x.meant');
    await row.waitFor();
    await row.locator('mark').first().waitFor();
    assert.deepEqual(await marked(page), bytes.slice(-2), 'the bytes that the address names are marked');
    const box = await row.locator('mark').first().boundingBox();
    assert.ok(box.y >= 0 && box.y + box.height <= 900, `the bytes are in view: ${box.y}`);
    assert.equal(await page.evaluate(() => document.activeElement?.closest('.x')?.classList.contains('meant')), true, 'keys go on from there');
    await page.getByText(`байты ${(last - 1).toLocaleString('ru')}–${last.toLocaleString('ru')}, счёт с 0`).waitFor();
    assert.deepEqual(await violations(page, 'a place in a trace'), []);
    // By keys: back by a byte, then one more with Shift.
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL(new RegExp(`#x=${at}:${last - 2}$`));
    await page.keyboard.press('Shift+ArrowRight');
    await page.waitForURL(new RegExp(`#x=${at}:${last - 2}-${last - 1}$`));
    assert.deepEqual(await marked(page), bytes.slice(-3, -1));
    // By the hand: a click on a byte, and with Shift up to another.
    const group = row.locator('.g8').first();
    await group.evaluate((one) => one.scrollIntoView({ block: 'center' }));
    const { x, y, width, height } = await group.boundingBox();
    const byte = width / Math.min(8, bytes.length);
    await page.mouse.click(x + byte * 0.4, y + height / 2);
    await page.waitForURL(new RegExp(`#x=${at}:0$`));
    await page.keyboard.down('Shift');
    await page.mouse.click(x + byte * 1.4, y + height / 2);
    await page.keyboard.up('Shift');
    await page.waitForURL(new RegExp(`#x=${at}:0-1$`));
    assert.deepEqual(await marked(page), bytes.slice(0, 2));
    // A place that is not there is said.
    await page.evaluate(() => (location.hash = '#x=999999:1'));
    await page.getByText('Места, на которое указывает ссылка, в этой трассе нет.').waitFor();
    await page.getByRole('button', { name: 'Снять отметку' }).click();
    assert.equal(await page.locator('.x.meant').count(), 0);
    if (process.env.UZEL_SHOTS) {
      await page.goto(`${stage.base}/sessions/${session.id}#x=${at}:${last - 3}-${last - 1}`);
      await row.locator('mark').first().waitFor();
      await page.screenshot({ path: `${process.env.UZEL_SHOTS}/trace-place.png` });
      await page.setViewportSize({ width: 390, height: 800 });
      await page.screenshot({ path: `${process.env.UZEL_SHOTS}/trace-place-390.png` });
    }
  });
}

async function readsNow(stage) {
  const device = await stage.deviceWithHours();
  await stage.open(`/devices/${device.id}`, {}, async (page) => {
    await page.locator('.ph .btn.pri:not([disabled])').click();
    await page.locator('.toast').first().waitFor();
    // The end: the spinner goes, and the toast leads to the session.
    await page.locator('.toast:not(:has(.spin)) a[href^="/sessions/"]').first().waitFor({ timeout: READ_MS });
  });
}

async function listsSessions(stage) {
  await stage.open('/sessions', {}, async (page) => {
    await page.locator('.hist tbody tr td.idc a').first().waitFor();
  });
}

async function listsDrivers(stage) {
  const { items } = await stage.api('/drivers');
  await stage.open('/drivers', {}, async (page) => {
    await page.locator('.drvs tbody tr').first().waitFor();
    assert.equal(await page.locator('.drvs tbody tr').count(), items.length);
    await page.locator('.drvs a', { hasText: 'vkt7' }).click();
    await page.waitForURL(/\/drivers\/vkt7$/);
    for (const part of ['versions', 'version', 'stat', 'whom', 'log', 'events', 'models']) await page.locator(`#${part}`).waitFor();
    await page.getByRole('button', { name: '7 суток' }).click();
    await page.waitForURL(/period=week/);
    await page.locator('.cmp tbody td.num').first().waitFor();
  });
}

async function speaksBothLanguages(stage) {
  const device = await stage.deviceWithHours();
  for (const path of ['/', ...PLACES, `/devices/${device.id}`, '/sessions', ...DRIVERS]) {
    const words = {};
    for (const lang of ['ru', 'en']) {
      words[lang] = await stage.open(path, { lang }, async (page) => {
        await page.locator('main h1').waitFor();
        assert.equal(await page.locator('html').getAttribute('lang'), lang);
        return (await page.locator('nav.side').innerText()).trim();
      });
    }
    assert.match(words.ru, /Объекты/);
    assert.match(words.en, /Sites/);
  }
  await stage.open('/', { lang: 'ru' }, async (page) => {
    await page.getByRole('button', { name: 'EN', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Attention' }).waitFor();
  });
}

async function fitsAPhone(stage) {
  const [device, session] = [await stage.deviceWithHours(), await stage.sessionWithTrace()];
  for (const path of ['/', ...PLACES, `/devices/${device.id}`, '/sessions', `/sessions/${session.id}`, ...DRIVERS]) {
    for (const width of [390, 360]) {
      await stage.open(path, { width }, async (page) => {
        await page.locator('main h1').waitFor();
        if (path.startsWith('/devices/')) await page.locator('.uplot canvas').first().waitFor();
        if (path.startsWith('/drivers/')) await page.locator('.cmp tbody td').first().waitFor();
        assert.ok((await overflow(page)) <= 0, `${path} is wider than ${width} px by ${await overflow(page)}`);
      });
    }
  }
}

async function findsByKeyboard(stage) {
  const device = await stage.deviceWithHours();
  await stage.open('/drivers', {}, async (page) => {
    await page.locator('main h1').waitFor();
    await page.keyboard.press('Slash');
    await page.keyboard.type(device.name);
    // A site may have the name of its device: the device is told by what it is.
    await page.locator('#found [role=option]', { hasText: 'прибор' }).first().waitFor();
    for (const [at, text] of (await page.locator('#found [role=option]').allTextContents()).entries()) {
      await page.keyboard.press('ArrowDown');
      if (/прибор/.test(text)) break;
      assert.ok(at < 10, 'the device is among the first that are found');
    }
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/devices\/\d+/);
    await page.locator('.arch tbody td.num').first().waitFor();
    await page.keyboard.press('2');
    await page.locator('#tab-daily[aria-selected=true]').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL(/\/sessions$/);
  });
}

async function zoomsAndComesBack(stage) {
  const device = await stage.deviceWithHours();
  await stage.open(`/devices/${device.id}`, {}, async (page) => {
    const plot = page.locator('.u-over').first();
    await plot.waitFor();
    const box = await plot.boundingBox();
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/from=/);
    const zoomed = page.url();
    await plot.dblclick();
    await page.waitForURL((url) => url.href !== zoomed);
    await page.locator('.plots').focus();
    await page.keyboard.press('ArrowLeft');
    await page.locator('.u-cursor-x').first().waitFor();
  });
}

async function savesWhatIsSeen(stage) {
  const device = await stage.deviceWithHours();
  await stage.open(`/devices/${device.id}`, {}, async (page) => {
    await page.locator('.arch tbody td.num').first().waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Скачать CSV' }).click()]);
    const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
    assert.ok(lines.length > 1, 'the file has no rows');
    // What stands in quotes is one cell, whatever it holds.
    const widths = new Set(lines.map((line) => line.replaceAll(/"[^"]*"/g, 'x').split(';').length));
    assert.equal(widths.size, 1, 'rows are as wide as the head');
  });
}

/** A situation that the driver names in words, of any device's days or hours. */
async function findSituation(stage) {
  const { items } = await stage.api('/devices?limit=500');
  for (const device of items) {
    for (const kind of ['hourly', 'daily']) {
      if (!device.archives.some((one) => one.kind === kind)) continue;
      const page = await stage.api(`/devices/${device.id}/records?archive=${kind}&order=desc&limit=1000`);
      for (const row of page.items) {
        const found = row.conditions.find((one) => one.title);
        if (found) return { device, kind, row, found, series: page.columns[0].series };
      }
    }
  }
  throw new Error('no device has a situation with words');
}

async function namesSituations(stage) {
  const { device, kind, row, found, series } = await findSituation(stage);
  const day = (by) => new Date(Date.parse(row.start) + by * 86_400_000).toISOString().slice(0, 10);
  for (const lang of ['ru', 'en']) {
    const path = `/devices/${device.id}?kind=${kind}&point=${found.point}&from=${day(-2)}&to=${day(3)}&v=${row.record}.${series}`;
    await stage.open(path, { lang }, async (page) => {
      const rows = page.locator('.arch tr.ns');
      await rows.first().waitFor();
      const titles = await rows.locator('td:last-child').evaluateAll((cells) => cells.map((cell) => cell.title));
      assert.ok(titles.some((title) => title.includes(found.title[lang])), `${found.title[lang]} is not among ${titles.join(' | ')}`);
    });
  }
}

async function tellsWhatIsNotThere(stage) {
  const quiet = /404/;
  for (const path of ['/devices/999999999', '/sessions/999999999', '/nowhere']) {
    await stage.open(path, { quiet }, async (page) => {
      await page.getByText('Такой страницы нет, или она вам не открыта.').waitFor();
    });
  }
}

async function passesAxe(stage) {
  const [device, session] = [await stage.deviceWithHours(), await stage.sessionWithTrace()];
  const paths = ['/', ...PLACES, `/devices/${device.id}`, '/sessions', `/sessions/${session.id}`, ...DRIVERS];
  const found = [];
  for (const path of paths) {
    for (const view of NARROWEST) {
      await stage.open(path, view, async (page) => {
        await page.locator('main h1').waitFor();
        if (path.startsWith('/devices/')) {
          await page.locator('.arch tbody td.num').first().click();
          await page.locator('aside.prov dl').waitFor();
        }
        if (path.startsWith('/sessions/')) await page.locator('.trace .x').first().waitFor();
        if (path.startsWith('/drivers/')) await page.locator('.cmp tbody td').first().waitFor();
        found.push(...(await faults(page, path, view)));
        if (DRIVERS.includes(path)) {
          await page.locator('.ph .acts button').first().click();
          await page.locator('dialog.ask').waitFor();
          found.push(...(await violations(page, `${path} ${view.lang}/${view.theme}/${view.width}, dialog`)));
        }
      });
    }
  }
  assert.deepEqual(found, []);
}

export const flows = {
  'devices are listed with figure and word': listsDevices,
  'the archive is drawn and tabled': drawsTheArchive,
  'a value leads to its session': goesFromValueToWire,
  'the wire trace is shown, searched, exported': showsTheTrace,
  'a link leads to bytes of the wire': leadsToAByte,
  'sessions are listed': listsSessions,
  'drivers are listed': listsDrivers,
  'read now tells how it ended': readsNow,
  'both languages': speaksBothLanguages,
  'phone width': fitsAPhone,
  'search and keys': findsByKeyboard,
  'zoom is in the address and can be taken back': zoomsAndComesBack,
  'what is seen is saved as a file': savesWhatIsSeen,
  'situations have their words': namesSituations,
  'what is not there is said': tellsWhatIsNotThere,
  'axe has no finding': passesAxe,
};
