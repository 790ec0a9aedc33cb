import { expect, test } from 'vitest';
import { speaksUnicode } from '../../src/terminal/abilities.ts';
import { bar } from '../../src/terminal/bars.ts';

test('a bar is as long as its share, to an eighth of a cell, and whatever is more than nothing is seen', () => {
  expect(bar(10, 10, 4, true)).toBe('████');
  expect(bar(5, 10, 5, true)).toBe('██▌');
  expect(bar(1, 1_000_000, 40, true)).toBe('▏');
  expect(bar(0, 10, 5, true)).toBe('');
  expect(bar(3, 0, 5, true)).toBe('');
  expect(bar(99, 10, 3, true)).toBe('███');
  for (let value = 0; value <= 100; value++) expect([...bar(value, 100, 7, true)].length).toBeLessThanOrEqual(7);
});

test('without block elements it is ASCII', () => {
  expect(bar(5, 10, 6, false)).toBe('###');
  expect(bar(1, 1_000, 6, false)).toBe('#');
});

test.each([
  [{ LANG: 'es_ES.UTF-8' }, true],
  [{ LANG: 'C', LC_CTYPE: 'C.utf8' }, true],
  [{ LANG: 'es_ES.UTF-8', LC_ALL: 'C' }, false],
  [{ LANG: 'de_DE.ISO-8859-1' }, false],
  [{}, true],
] as const)('a terminal with %j reads UTF-8: %s', (env, reads) => {
  expect(speaksUnicode(env)).toBe(reads);
});
