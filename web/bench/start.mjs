// How long until the start page of many nodes is there and answers to the hand, in a headless browser:
// `node bench/start.mjs ADDRESS`. A name and a number a line: `first` with an empty cache, `again` with the application in
// it (the middle of several, ms), `kilobytes` over the line for the first; the longest frame (ms) while the list (`scroll`)
// and all places (`tree`) are scrolled to the end; `find` from the last key of a word to what is found (ms).

import { chromium } from 'playwright-core';

const [base] = process.argv.slice(2);
const TIMES = 5;
const executablePath = process.env.UZEL_CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] });
const middle = (times) => times.sort((a, b) => a - b)[times.length >> 1];

/** Rows are on the screen, and the key of the search is heard: milliseconds since the page was asked for. */
async function opened(page) {
  const begun = performance.now();
  await page.goto(`${base}/`, { waitUntil: 'commit' });
  await page.waitForFunction(() => document.querySelector('.nodes tbody a.node'), null, { polling: 'raf' });
  await page.keyboard.press('/');
  await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'combobox', null, { polling: 'raf' });
  return performance.now() - begun;
}

/** The longest frame while the page is scrolled by so much at a time. */
async function scrolled(page, steps, byPx) {
  return page.evaluate(
    async ([steps, byPx]) => {
      let [longest, before] = [0, performance.now()];
      for (let i = 0; i < steps; i += 1) {
        scrollBy(0, byPx);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        longest = Math.max(longest, now - before);
        before = now;
      }
      return longest;
    },
    [steps, byPx],
  );
}

const first = [];
const again = [];
let bytes = 0;
for (let i = 0; i < TIMES; i += 1) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const wire = await context.newCDPSession(page);
  await wire.send('Network.enable');
  let taken = 0;
  wire.on('Network.loadingFinished', ({ encodedDataLength }) => (taken += encodedDataLength));
  first.push(await opened(page));
  bytes = Math.max(bytes, taken);
  again.push(await opened(page));
  await context.close();
}

const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await opened(page);
const find = [];
for (const word of ['Лесная 1', 'Мира 77', 'ktcyfz 40']) {
  const field = page.getByRole('combobox').first();
  await field.fill(word.slice(0, -1));
  await page.locator('#found li[role=option]').first().waitFor();
  const before = await page.locator('#found').innerText();
  const begun = performance.now();
  await field.press(word.at(-1));
  await page.waitForFunction((before) => document.querySelector('#found')?.innerText !== before, before, { polling: 'raf' });
  find.push(performance.now() - begun);
}
await page.keyboard.press('Escape');
const scroll = await scrolled(page, 200, 300);
await page.goto(`${base}/sites`);
await page.locator('.places tbody a.node').first().waitFor();
const tree = await scrolled(page, 300, 1_500);

console.log(`first ${middle(first).toFixed(1)}`);
console.log(`again ${middle(again).toFixed(1)}`);
console.log(`kilobytes ${(bytes / 1000).toFixed(1)}`);
console.log(`scroll ${scroll.toFixed(1)}`);
console.log(`find ${middle(find).toFixed(1)}`);
console.log(`tree ${tree.toFixed(1)}`);
await browser.close();
