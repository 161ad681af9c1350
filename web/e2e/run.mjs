// Runs the flows in a headless browser: against UZEL_URL when it is given, else against the mock server.
// UZEL_CHROMIUM names the browser; an argument picks flows by a part of their name.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { Stage, flows } from './flows.mjs';
import { mockFlows } from './mock-flows.mjs';
import { startMock } from './mock-server.mjs';

const executablePath = process.env.UZEL_CHROMIUM ?? '/usr/bin/chromium';
const wanted = process.argv[2] ?? '';
const real = process.env.UZEL_URL ?? null;

if (!real && !existsSync(new URL('../dist/index.html', import.meta.url))) {
  console.error('dist/ is empty: run `npm run build` first');
  process.exit(1);
}

const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const mock = real ? null : await startMock();
const stage = new Stage(browser, real ?? mock.url);
const all = [
  ...Object.entries(flows).map(([name, run]) => [name, () => run(stage)]),
  ...(real ? [] : Object.entries(mockFlows).map(([name, run]) => [name, () => run(browser)])),
].filter(([name]) => name.includes(wanted));

let [passed, failed] = [0, 0];
for (const [name, run] of all) {
  try {
    await run();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${String(error.stack ?? error).replace(/^/gm, '        ')}`);
  }
}
await browser.close();
await mock?.stop();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
