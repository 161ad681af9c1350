// How pages look: what axe-core finds, what is wider than the screen, and pictures of them. UZEL_SHOTS names their folder.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Every two of language, theme and width meet in one of them. */
export const VIEWS = [
  { lang: 'ru', theme: 'light', width: 1440 }, { lang: 'en', theme: 'dark', width: 1440 }, { lang: 'ru', theme: 'dark', width: 390 }, { lang: 'en', theme: 'light', width: 390 },
];

/** What axe has to say of a page. It is run by the debugger, so that the page's own content policy stays as it is. */
export async function violations(page, where) {
  await page.evaluate(AXE);
  const told = await page.evaluate(() => /** @type {any} */ (window).axe.run(document, { resultTypes: ['violations'] }));
  return told.violations.map((one) => `${one.impact} ${one.id} ${where}: ${one.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')}`);
}

/** What is wrong with a page in a view. */
export async function faults(page, path, { lang, theme, width }) {
  const where = `${path} ${lang}/${theme}/${width}`;
  const found = await violations(page, where);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (over > 0) found.push(`${where} is ${over} px too wide`);
  const name = path.replaceAll(/\W+/g, '-').replace(/^-|-$/g, '') || 'start';
  if (process.env.UZEL_SHOTS) await page.screenshot({ path: join(process.env.UZEL_SHOTS, `${name}-${theme}-${lang}-${width}.png`), fullPage: true });
  return found;
}
