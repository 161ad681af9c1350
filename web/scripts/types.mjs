// Types of the API from its document: `node scripts/types.mjs openapi.json -o src/lib/api/openapi.ts`. Without its examples,
// and without the answers that are problems: all of those have one shape, which each operation would repeat ten times.

import { readFileSync, writeFileSync } from 'node:fs';
import openapi, { astToString, COMMENT_HEADER } from 'openapi-typescript';

const [from, , to] = process.argv.slice(2);
const without = (key, value) => {
  if (key === 'example' || key === 'examples') return undefined;
  if (key !== 'responses' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([status]) => status < '400'));
};
writeFileSync(to, COMMENT_HEADER + astToString(await openapi(JSON.parse(readFileSync(from, 'utf8'), without))));
