// A slow line to the server, and one that is cut and mended, over the pages of the administrator and the newest of the others:
// each says so, keeps what it shows, and goes on by itself.

import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { listening } from './listening.mjs';

/** As many browsers at once as the machine bears. */
const AT_ONCE = 6;
/** Of each answer: longer than a page waits before it says that it is loading. */
const LATENCY_MS = 1_200;
const BYTES_PER_S = 60_000;
const PATIENCE_MS = 60_000;
/** A browser says so itself when a request fails. */
const GONE = /Failed to load|ERR_|Failed to fetch|dynamically imported module|preload/;

/** A line to the server that can be cut. */
class Line {
  constructor(base) {
    this.to = Number(new URL(base).port);
    this.isCut = false;
    this.sockets = new Set();
  }

  async start() {
    this.server = createServer((near) => {
      if (this.isCut) {
        near.destroy();
        return;
      }
      const far = connect(this.to, '127.0.0.1');
      for (const [one, other] of [[near, far], [far, near]]) {
        this.sockets.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
      }
    });
    this.base = await listening(this.server);
  }

  cut() {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend() {
    this.isCut = false;
  }

  stop() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

async function pagesOf(stage, state) {
  const [point, user] = await stage.open('/account', { state }, (page) =>
    page.evaluate(async () => {
      const first = async (path) => (await (await fetch(`/api/v1${path}`)).json()).items[0].id;
      return [await first('/points'), await first('/accounts')];
    }));
  return [
    ['/', '.tiles'], [`/points/${point}`, '.arch tbody td.num'], ['/admin/devices', '.kept tbody tr'], ['/admin/devices?of=lines', '.kept tbody tr'], ['/admin/devices/new', '.kmods .opt'],
    ['/admin/users', '.usr tbody tr'], [`/admin/users/${user}`, '.addg'], ['/admin/audit', '.aud tbody tr'], ['/admin/system', 'main .panel'], ['/admin/system/backups', 'main .panel'],
    ['/drivers', '.drvs tbody tr'], ['/keys', 'main .panel'],
  ];
}

/** Goes to a path as a link of the page would. */
const follow = (page, path) =>
  page.evaluate((href) => {
    const link = Object.assign(document.createElement('a'), { href });
    document.body.append(link);
    link.click();
    link.remove();
  }, path);

/** Opens a few pages at once in browsers of their own, and has all of them do one step after the other. */
async function together(stage, state, pages, act) {
  const one = ([path, mark], steps) => stage.open(path, { state, quiet: GONE }, (page) => act(page, path, page.locator(mark).first(), steps));
  for (let i = 0; i < pages.length; i += AT_ONCE) {
    const group = pages.slice(i, i + AT_ONCE);
    let [waiting, wake] = [0, null];
    let gate = new Promise((resolve) => (wake = resolve));
    /** Waits until all of the group are here; `once` is done by the last. */
    const meet = async (once) => {
      waiting += 1;
      if (waiting === group.length) {
        waiting = 0;
        await once();
        const go = wake;
        gate = new Promise((resolve) => (wake = resolve));
        go();
      } else await Promise.race([gate, pause(3 * PATIENCE_MS, null, { ref: false }).then(() => Promise.reject(new Error('the others did not come')))]);
    };
    const ends = await Promise.allSettled(group.map((which) => one(which, meet)));
    const failed = ends.flatMap((end, at) => (end.status === 'rejected' ? [`${group[at][0]}: ${end.reason.stack ?? end.reason}`] : []));
    assert.deepEqual(failed, []);
  }
}

/** `state`: an administrator of everything. */
export async function outlivesALostLine(stage, state) {
  const line = new Line(stage.base);
  await line.start();
  const pages = await pagesOf(stage, state);
  const through = Object.assign(Object.create(Object.getPrototypeOf(stage)), stage, { base: line.base });
  try {
    await together(through, state, pages, async (page, path, mark, meet) => {
      const fails = [];
      /** What went wrong is told at the end: the others wait at the gate. */
      const step = async (what, act) => {
        try {
          if (fails.length === 0) await act();
        } catch (error) {
          fails.push(`${what}: ${error}`);
        }
      };
      await step('opens', () => mark.waitFor({ timeout: PATIENCE_MS }));
      await step('is marked', () => page.evaluate(() => (globalThis.sameDocument = true)));
      await meet(() => line.cut());
      await step('says that the server is gone', () => page.getByText('Нет связи с сервером').first().waitFor());
      await step('keeps what it shows', () => mark.waitFor());
      // Another page cannot come, and says so; back on the first one, what was read may be there or not.
      await step('goes on', () => follow(page, path === '/sites' ? '/map' : '/sites'));
      await step('says that a page does not come', () => page.locator('main .note.ns').getByText('Не удалось показать страницу').first().waitFor());
      await step('comes back', () => page.goBack());
      await step('is back', () => page.waitForURL((url) => url.pathname + url.search.replace(/[?&](lang|theme)=\w+/g, '') === path || url.pathname === path.split('?')[0]));
      await step('shows it, or why not', () => page.locator('main .note.ns').or(mark).first().waitFor());
      await meet(() => line.mend());
      await step('shows it again', () => mark.waitFor({ timeout: PATIENCE_MS }));
      await step('says nothing of it any more', () => page.locator('main .conn').waitFor({ state: 'detached', timeout: PATIENCE_MS }));
      await step('leaves no failure', () => page.waitForFunction(() => !document.querySelector('main .note.ns'), null, { timeout: PATIENCE_MS }));
      await step('is the same document', async () => assert.equal(await page.evaluate(() => globalThis.sameDocument), true));
      assert.deepEqual(fails, []);
    });
  } finally {
    await line.stop();
  }
}

export async function bearsASlowLine(stage, state) {
  const pages = await pagesOf(stage, state);
  await together(stage, state, pages, async (page, path, mark) => {
    await mark.waitFor({ timeout: PATIENCE_MS });
    const wire = await page.context().newCDPSession(page);
    await wire.send('Network.enable');
    await wire.send('Network.emulateNetworkConditions', { offline: false, latency: LATENCY_MS, downloadThroughput: BYTES_PER_S, uploadThroughput: BYTES_PER_S });
    await page.goto(`${stage.base}${path}`);
    await page.locator('.skels').first().waitFor({ timeout: PATIENCE_MS });
    await mark.waitFor({ timeout: PATIENCE_MS });
    assert.equal(await page.locator('main .note.ns').count(), 0, 'slow is not lost');
  });
}
