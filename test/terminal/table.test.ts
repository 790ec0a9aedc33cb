import { expect, test } from 'vitest';
import { columnsOf } from '../../src/terminal/columns.ts';
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

test('signs of two columns neither push a row over the width nor are cut in half', () => {
  const rows = [['1', '日本語株式会社東京都港区の長い名前', '🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉👩‍👩‍👧👩‍👩‍👧', '17:18:22']];
  for (let width = 50; width <= 80; width++) {
    const table = formatTable(HEAD, rows, [0], { width });
    expect(Math.max(...table.split('\n').map(columnsOf))).toBeLessThanOrEqual(width);
    expect(Buffer.from(table).toString()).toBe(table);
    expect(table).not.toMatch(/👩(?!‍👩‍👧)(?<!👩‍👩)/u);
  }
});

test('a terminal too narrow for anything gets a block of lines for each row', () => {
  expect(lines(20)).toEqual([
    'ID       1',
    'TO       grace@a-rather-long-name.example',
    'SUBJECT  A question about Harbour Analytics',
    'AT       2026-11-28 17:18:22',
    '',
    'ID       23',
    'TO       x@y.example',
    'SUBJECT  Hi',
    'AT       17:18:22',
  ]);
});

test('columns that can be spared go before a row is taken apart, and titles go with them', () => {
  const table = formatTable(HEAD, ROWS, [0], { width: 60, whole: [1], spare: [2] });
  expect(table.split('\n')[0]).toMatch(/^ID {2}TO +AT$/);
  expect(table).not.toContain('SUBJECT');
  expect(formatTable(HEAD, ROWS, [0], { width: 90, spare: [2] })).toContain('SUBJECT');
});

test('where no sign beyond ASCII may stand, a cut is three dots', () => {
  expect(formatTable(HEAD, ROWS, [0], { width: 72, cut: '...' })).toMatch(/A question about Ha\.\.\./);
});
