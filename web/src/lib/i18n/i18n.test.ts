import { expect, test } from 'vitest';
import document from '../../../openapi.json';
import type { Outcome } from '../api/types';
import { en } from './en';
import { ru } from './ru';

type Tree = { [key: string]: unknown };

/** Paths of all words, with their kinds. */
function paths(tree: Tree, at = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    value !== null && typeof value === 'object' ? paths(value as Tree, `${at}${key}.`) : [`${at}${key}:${typeof value}`],
  );
}

function texts(tree: Tree): string[] {
  return Object.values(tree).flatMap((value) =>
    typeof value === 'string' ? [value] : value !== null && typeof value === 'object' ? texts(value as Tree) : [],
  );
}

test('both languages have the same words', () => {
  expect(paths(en).sort()).toEqual(paths(ru).sort());
});

test('no word is empty, and none of English is Russian', () => {
  expect([...texts(en), ...texts(ru)].filter((text) => text.trim() === '')).toEqual([]);
  expect(texts(en).filter((text) => /[а-яё]/i.test(text))).toEqual([]);
});

test('every outcome of a session has words in both languages', () => {
  const outcomes = document.components.schemas.Outcome.enum as Outcome[];
  expect(outcomes.length).toBeGreaterThan(20);
  for (const outcome of outcomes) expect([ru.outcome[outcome], en.outcome[outcome]].every(Boolean), outcome).toBe(true);
});

test('counts take their forms', () => {
  expect([1, 2, 5, 11, 21, 112].map((n) => ru.gapCount(n, 'hourly').replace('\u00a0', ' '))).toEqual(['1 час', '2 часа', '5 часов', '11 часов', '21 час', '112 часов']);
  expect([en.gapCount(1, 'hourly'), en.gapCount(7, 'hourly')].map((text) => text.replace('\u00a0', ' '))).toEqual(['1 hour', '7 hours']);
});

test('sentences have no exclamation marks and no dots in threes', () => {
  expect([...texts(ru), ...texts(en)].filter((text) => /!|\.\.\./.test(text))).toEqual([]);
});
