import { appendFileSync, renameSync, statSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { FileChanged } from '../../src/csv/blocks.ts';
import { openCsv } from '../../src/csv/readRows.ts';
import { csv, Folder } from '../support/program.ts';

const folder = new Folder();

afterEach(() => folder.remove());

const ROWS = 20_000;

/** Does something to the file when so many of its rows were read; returns the rows that came. */
async function readWhile(change: (path: string) => void, after = 10): Promise<{ rows: number; error: unknown; others: number }> {
  const path = folder.write('leads.csv', csv(ROWS));
  const file = await openCsv(path, 'leads.csv');
  let [rows, others] = [0, 0];
  try {
    for await (const { cells } of file.rows()) {
      if (++rows === after) change(path);
      if (cells[1]?.startsWith('Other') === true) others++;
    }
  } catch (error) {
    return { rows, error, others };
  }
  return { rows, error: undefined, others };
}

const other = () => csv(ROWS).replaceAll('Lead', 'Other');
/** As long as the first, byte by byte. */
const alike = () => csv(ROWS).replaceAll('Lead ', 'Oead ');

test.each<[string, (path: string) => void]>([
  ['is written over', (path) => writeFileSync(path, other())],
  [
    'is written over by one of the same length, with its times set back',
    (path) => {
      const { atime, mtime } = statSync(path);
      writeFileSync(path, alike());
      utimesSync(path, atime, mtime);
    },
  ],
  ['is cut', (path) => truncateSync(path, 300_000)],
  ['grows', (path) => appendFileSync(path, 'new@company.example,New,Co\n')],
  [
    'is replaced by another one',
    (path) => {
      writeFileSync(`${path}.new`, other());
      renameSync(`${path}.new`, path);
    },
  ],
  ['goes away', unlinkSync],
])('a file that %s while it is read is an error, and no row of the other version is seen', async (_, change) => {
  const { error, others } = await readWhile(change);
  expect(error).toBeInstanceOf(FileChanged);
  expect(error).toMatchObject({ message: 'leads.csv changed while it was read', code: 'refused' });
  expect(others).toBe(0);
});

test('a change behind the last row is an error too', async () => {
  const { error, rows } = await readWhile((path) => appendFileSync(path, 'new@company.example,New,Co\n'), ROWS);
  expect(error).toBeInstanceOf(FileChanged);
  expect(rows).toBe(ROWS);
});

test('a file that is touched, or put there again as it was, is the same file', async () => {
  expect(await readWhile((path) => utimesSync(path, 1, 1))).toMatchObject({ rows: ROWS, error: undefined });
  expect(
    await readWhile((path) => {
      writeFileSync(`${path}.new`, csv(ROWS));
      renameSync(`${path}.new`, path);
    }),
  ).toMatchObject({ rows: ROWS, error: undefined });
});
