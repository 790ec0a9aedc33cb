import { expect, test } from 'vitest';
import { bar, drawsBlocks } from '../../src/terminal/bars.ts';

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
  [{ TERM: 'xterm-256color', LANG: 'es_ES.UTF-8' }, 'linux', true],
  [{ TERM: 'xterm', LANG: 'C', LC_CTYPE: 'C.utf8' }, 'darwin', true],
  [{ TERM: 'xterm', LANG: 'es_ES.UTF-8', LC_ALL: 'C' }, 'linux', false],
  [{ TERM: 'xterm', LANG: 'de_DE.ISO-8859-1' }, 'linux', false],
  [{ TERM: 'dumb', LANG: 'C.UTF-8' }, 'linux', false],
  [{ TERM: 'xterm' }, 'linux', false],
  [{}, 'win32', true],
] as const)('%j on %s draws block elements: %s', (env, platform, draws) => {
  expect(drawsBlocks(env, platform)).toBe(draws);
});
