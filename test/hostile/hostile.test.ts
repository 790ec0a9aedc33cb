import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Folder } from '../support/program.ts';
import { outcomeOf, PLACES, Refused } from './places.ts';

/**
 * The table of hostile inputs: for each the place where it comes in, and what must become of it. An input is one JSON text,
 * or several that are joined, some of them many times: `"a" x 1000 + "@b.example"`.
 */
const rows = readFileSync(join(import.meta.dirname, 'inputs.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as [place: string, input: string, must: string]);

/** A reader that is not linear takes minutes for the longest of them. */
const LONGEST_MS = 10_000;
const LONGEST_SENTENCE = 1_000;

const folders: Folder[] = [];
afterAll(() => {
  for (const folder of folders) folder.remove();
});

test.each(Object.keys(PLACES))(
  '%s: every hostile input comes to what the table says',
  async (place) => {
    const mine = rows.filter(([of]) => of === place);
    const outcomes: [string, string][] = [];
    for (const [, input] of mine) outcomes.push([input, await said(place, input)]);
    expect(outcomes).toEqual(mine.map(([, input, must]) => [input, must.startsWith('refused: ') ? expect.stringContaining(must) : must]));
  },
  120_000,
);

async function said(place: string, input: string): Promise<string> {
  const folder = new Folder();
  folders.push(folder);
  const began = performance.now();
  const outcome = await outcomeOf(place, textOf(input), folder);
  expect(performance.now() - began, `${place}: ${input}`).toBeLessThan(LONGEST_MS);
  if (!(outcome instanceof Refused)) return inWords(outcome);
  const sentence = outcome.sentence.split('\n')[0] ?? '';
  expect(sentence.length, `${place}: ${input}`).toBeLessThan(LONGEST_SENTENCE);
  return `refused: ${sentence.replace(`${folder.path}/campaigns/hello.md`, 'hello.md').replace(/^\/nowhere\//, '')}`;
}

function inWords(value: unknown): string {
  if (typeof value === 'string' && value.length > 200) return `a text of ${value.length}`;
  const written = JSON.stringify(value).replace(/[^ -~]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return Array.isArray(value) && written.length > 300 ? `a list of ${value.length}` : `= ${written}`;
}

function textOf(input: string): string {
  const parts = [...input.matchAll(/("(?:[^"\\]|\\.)*")(?: x (\d+))?(?: \+ |$)/g)];
  return parts.map(([, text = '""', times = '1']) => (JSON.parse(text) as string).repeat(Number(times))).join('');
}

test('the table has hundreds of inputs, each once, for every place and no other', () => {
  expect(rows.length).toBeGreaterThan(300);
  expect(new Set(rows.map(([place, input]) => `${place}\t${input}`)).size).toBe(rows.length);
  expect(new Set(rows.map(([place]) => place))).toEqual(new Set(Object.keys(PLACES)));
});
