import { expect, test } from 'vitest';
import { formatTable } from '../../src/terminal/table.ts';

const HEAD = ['ID', 'TO', 'SUBJECT', 'AT'];
const ROWS = [
  ['1', 'grace@a-rather-long-name.example', 'A question about Harbour Analytics', '2026-11-28 17:18:22'],
  ['23', 'x@y.example', 'Hi', '17:18:22'],
];

function lines(width?: number, whole: number[] = []): string[] {
  return formatTable(HEAD, ROWS, [0], { width, whole }).split('\n');
}

test('a table that fits, or is not for a terminal, is printed whole', () => {
  expect(lines()).toEqual(lines(120));
  expect(lines().join('\n')).not.toContain('…');
});

test('the widest columns are cut to the width of the terminal; what is short or asked for stays whole', () => {
  for (const width of [90, 80, 72]) {
    const cut = lines(width, [1]);
    expect(Math.max(...cut.map((line) => line.length))).toBe(width);
    expect(cut[1]).toMatch(/^ 1 {2}grace@a-rather-long-name\.example {2}A quest.*… {2}2026-11-28 17:18:22$/);
    expect(cut[2]).toMatch(/^23 {2}x@y\.example {2,}Hi {2,}17:18:22$/);
  }
  expect(lines(72)[1]).toMatch(/^ 1 {2}grace@.*… {2}A quest.*… {2}2026-11-28 17:18:22$/);
});

test('a terminal too narrow for anything still gets every column', () => {
  expect(lines(20)[1]).toMatch(/^ 1 {2}grace@a-rat… {2}A question … {2}2026-11-28 17:18:22$/);
});
