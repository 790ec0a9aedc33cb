import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkLeads } from '../../src/pipeline/checkLeads.ts';
import { suppress } from '../../src/store/suppressions.ts';
import { Bench } from '../support/bench.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

/** Each third lead has no company, each fourth row says that its person has unsubscribed, and one row is none. */
function file(rows: number): string {
  const lines = Array.from({ length: rows }, (_, n) => `l${n}@c${n}.example,${n % 3 === 0 ? '' : 'C'},${n % 4 === 0 ? 'yes' : 'no'}`);
  return `email,company,Unsubscribed\n${lines.join('\n')}\nbroken,,\n`;
}

test('empty cells are counted over the whole file, with and without a stop in between, and in a rehearsal', async () => {
  const rows = 6_000;
  const wanted = Array.from({ length: rows }, (_, n) => n).filter((n) => n % 4 !== 0);
  const expected = [wanted.length, wanted.filter((n) => n % 3 === 0).length];
  const counted = ['company'];
  const request = await bench.importRequest(file(rows), { counted });
  const rehearsed = await checkLeads(bench.store.db, request, bench.forgottenKey);
  expect([rehearsed.cells.leads, rehearsed.cells.of('company')]).toEqual(expected);
  await expect(bench.import(file(rows), { counted, stopAfterOneBatch: true })).rejects.toThrow('stopped after');
  const { cells } = await bench.import(file(rows), { counted });
  expect([cells.leads, cells.of('company')]).toEqual(expected);
});

test('a lead that is suppressed already, or that the campaign has, counts as its row says', async () => {
  await bench.store.write((tx) => suppress(tx, 'l1@c1.example', 'asked to stop', 'a person', bench.now));
  await bench.import('email,company\nl2@c2.example,C\n');
  const { cells } = await bench.import('email,company\nl1@c1.example,\nl2@c2.example,\nl3@c3.example,C\n', { counted: ['company'] });
  expect([cells.leads, cells.of('company')]).toEqual([3, 2]);
});
