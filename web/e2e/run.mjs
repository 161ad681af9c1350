// Runs the flows in a headless browser: against the mock server, and against a real host with a simulated fleet when
// UZEL_BIN, METER_SIM_BIN and UZEL_DRIVERS_DIR are set; or only against the server at UZEL_URL.
// UZEL_CHROMIUM names the browser; an argument picks flows by a part of what is printed of them. Most of a flow is waiting:
// two rows of them run side by side, each in a browser of its own.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { ACCOUNT_FLEET, accountFlows } from './account-flows.mjs';
import { KEEP_FLEET, adminFlows } from './admin-flows.mjs';
import { apiFlows } from './api-flows.mjs';
import { attentionFlows } from './attention-flows.mjs';
import { driverFlows } from './driver-flows.mjs';
import { Stage, flows } from './flows.mjs';
import { mockFlows } from './mock-flows.mjs';
import { startMock } from './mock-server.mjs';
import { newcomerFlows } from './newcomer-flows.mjs';
import { POINT_FLEET, pointFlows } from './point-flows.mjs';
import { hasRealHost, startRealHost } from './real-host.mjs';
import { systemFlows } from './system-flows.mjs';
import { HOOKED_FLEET, closedFlows, webhookFlows } from './webhook-flows.mjs';
import { unsavedFlows } from './unsaved-flows.mjs';

const executablePath = process.env.UZEL_CHROMIUM ?? '/usr/bin/chromium';
const wanted = process.argv[2] ?? '';
/** Flows are picked by what is printed of them. */
const fits = (where, name) => `${where}: ${name}`.includes(wanted);
const asked = (where, all) => Object.keys(all).some((name) => fits(where, name));
const count = { passed: 0, failed: 0 };

async function inBrowser(act) {
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  await act(browser);
  await browser.close();
}

async function run(where, flow, act) {
  try {
    await act();
    count.passed += 1;
    console.log(`ok      ${where}: ${flow}`);
  } catch (error) {
    count.failed += 1;
    console.log(`FAILED  ${where}: ${flow}\n${String(error.stack ?? error).replace(/^/gm, '        ')}`);
  }
}

async function runAll(where, all, subject) {
  for (const [name, act] of Object.entries(all)) {
    if (fits(where, name)) await run(where, name, () => act(subject));
  }
}

async function againstMock(browser) {
  const mock = await startMock();
  await runAll('mock', flows, new Stage(browser, mock.url));
  await mock.stop();
  await runAll('mock', mockFlows, browser);
}

/** The flows that leave things to each other on one host. */
async function onOneHost(browser) {
  const all = [flows, attentionFlows, driverFlows, systemFlows, apiFlows, webhookFlows];
  /** @type {any} */
  let host = null;
  if (all.some((one) => asked('host', one))) {
    await run('host', 'starts and reads its meters', async () => {
      host = await startRealHost(process.env, HOOKED_FLEET);
    });
  }
  if (!host) return;
  const stage = new Stage(browser, host.url);
  await runAll('host', flows, stage);
  await runAll('host', attentionFlows, stage);
  await runAll('host', driverFlows, { stage, dir: host.dir });
  await runAll('host', systemFlows, stage);
  await runAll('host', apiFlows, stage);
  await runAll('host', webhookFlows, stage);
  await run('host', 'ends', () => host.stop());
}

const withLines = (stage, { dir, lines }) => ({ stage, dir, lines });

async function againstRealHost() {
  if (!hasRealHost()) {
    console.log('left out: the real host, as UZEL_BIN and METER_SIM_BIN are not set');
    return;
  }
  await Promise.all([
    inBrowser(async (browser) => {
      await onOneHost(browser);
      await onFleet(browser, 'newcomer', KEEP_FLEET, newcomerFlows, withLines);
    }),
    inBrowser(async (browser) => {
      await onFleet(browser, 'points', POINT_FLEET, pointFlows);
      await onFleet(browser, 'accounts', ACCOUNT_FLEET, accountFlows);
      await onFleet(browser, 'administrator', KEEP_FLEET, { ...adminFlows, ...unsavedFlows, ...closedFlows }, withLines);
    }),
  ]);
}

/** Flows that need meters, or a host, of their own. */
async function onFleet(browser, where, fleet, all, subject = (stage, _host) => stage) {
  if (!asked(where, all)) return;
  /** @type {any} */
  let host = null;
  await run(where, 'starts and reads its meters', async () => {
    host = await startRealHost(process.env, fleet);
  });
  if (!host) return;
  await runAll(where, all, subject(Object.assign(new Stage(browser, host.url), { said: host.said }), host));
  await run(where, 'ends', () => host.stop());
}

if (!process.env.UZEL_URL && !existsSync(new URL('../dist/index.html', import.meta.url))) {
  console.error('dist/ is empty: run `npm run build` first');
  process.exit(1);
}
// Ending by a signal runs what hangs on the exit: no meter and no host outlives the flows.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

if (process.env.UZEL_URL) {
  await inBrowser((browser) => runAll(process.env.UZEL_URL, flows, new Stage(browser, process.env.UZEL_URL)));
} else {
  await inBrowser(againstMock);
  await againstRealHost();
}
console.log(`${count.passed} passed, ${count.failed} failed`);
// A flow that failed may have left something open that would be waited for.
process.exit(count.failed > 0 || count.passed === 0 ? 1 : 0);
