// Prints what a browser has to load, compressed, and fails beyond the budgets of the design.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const KB = 1000;
const FIRST_KB = 90;
const CSS_KB = 14;
const ROUTE_KB = 40;

const dist = new URL('../dist/', import.meta.url).pathname;
const size = (path) => gzipSync(readFileSync(join(dist, path)), { level: 9 }).length;
const assets = readdirSync(join(dist, 'assets')).map((name) => `assets/${name}`);
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const linked = assets.filter((path) => html.includes(path));

const rows = assets.map((path) => ({ path, bytes: size(path), first: linked.includes(path) })).sort((a, b) => b.bytes - a.bytes);
for (const { path, bytes, first } of rows) console.log(`${(bytes / KB).toFixed(1).padStart(7)} kB  ${first ? 'first ' : '      '} ${path}`);

const sum = (of) => of.reduce((total, { bytes }) => total + bytes, 0) / KB;
// The start page is the shell and the list of attention with what they share.
const start = sum(rows.filter(({ path, first }) => first || /\/(Attention|Peek|Skeleton|State|windowed)/.test(path))) + size('index.html') / KB;
const css = sum(rows.filter(({ path }) => path.endsWith('.css')));
/** @type {[string, number, number][]} */
const checks = [
  ['shell and start page', start, FIRST_KB],
  ['css', css, CSS_KB],
  ['largest further file', Math.max(...rows.filter(({ first }) => !first).map(({ bytes }) => bytes / KB)), ROUTE_KB],
];
// What no first load brings has no budget of its own beside that of each file.
console.log(`     all pages together: ${sum(rows).toFixed(1)} kB`);
let over = false;
for (const [name, kb, budget] of checks) {
  over ||= kb > budget;
  console.log(`${kb > budget ? 'OVER' : 'ok  '} ${name}: ${kb.toFixed(1)} of ${budget} kB`);
}
if (over) process.exitCode = 1;
