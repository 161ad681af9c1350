// How long until a year of hours is on the screen, in a headless browser: `node bench/point.mjs ADDRESS PATH`. Prints
// milliseconds, a name and a number a line: `cold` with the application to be loaded, `shown` with it there (the middle of
// several), `pan` the longest frame while the year is moved and zoomed.

import { chromium } from 'playwright-core';

const [base, path] = process.argv.slice(2);
const TIMES = 7;
const executablePath = process.env.UZEL_CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });

/** Rows in the table and ink on the chart, after a frame. */
const there = () =>
  page.waitForFunction(() => document.querySelector('.arch tbody td.num') && document.querySelector('.uplot canvas'), null, { polling: 'raf' });

const begun = performance.now();
await page.goto(base + path);
await there();
const cold = performance.now() - begun;

// From the link to the frame after the last of it: timed in the page, as the hand would.
const times = [];
for (let i = 0; i < TIMES; i += 1) {
  await page.evaluate(() => {
    history.pushState(null, '', '/sessions');
    dispatchEvent(new PopStateEvent('popstate'));
  });
  await page.waitForFunction(() => !document.querySelector('.uplot'));
  times.push(
    await page.evaluate(async (to) => {
      const from = performance.now();
      history.pushState(null, '', to);
      dispatchEvent(new PopStateEvent('popstate'));
      for (;;) {
        await new Promise(requestAnimationFrame);
        if (document.querySelector('.arch tbody td.num') && document.querySelector('.uplot canvas')) break;
      }
      await new Promise(requestAnimationFrame);
      return performance.now() - from;
    }, path),
  );
}
times.sort((a, b) => a - b);

// Pan and zoom by the keys of the chart and by the wheel, frame by frame.
await page.locator('.plots').focus();
const frames = page.evaluate(async () => {
  let [longest, before] = [0, performance.now()];
  const until = before + 3_000;
  while (before < until) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
  }
  return longest;
});
const box = await page.locator('.uplot .u-over').first().boundingBox();
await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
await page.keyboard.press('+');
for (let i = 0; i < 30; i += 1) await page.mouse.wheel(i % 2 ? 40 : 60, 0);
await page.keyboard.press('-');

console.log(`cold ${cold.toFixed(1)}`);
console.log(`shown ${times[TIMES >> 1].toFixed(1)}`);
console.log(`pan ${(await frames).toFixed(1)}`);
await browser.close();
