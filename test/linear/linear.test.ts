import { afterAll, expect, test } from 'vitest';
import { costOf, growth, MOST_GROWTH } from '../support/growth.ts';
import { Folder } from '../support/program.ts';
import { readersIn } from './readers.ts';
import { type Shape, shapesOf } from './shapes.ts';

const folder = new Folder();
afterAll(() => folder.remove());

/** Each shape is tried at these sizes first: the square of the larger one takes seconds. */
const SIZES = { small: 5_000, large: 50_000 };
/** In ms: a shape that takes longer, and grows by more than `GROWS`, is measured at n and 10 n. */
const SUSPICIOUS = 40;
const GROWS = 15;
/** What takes longer at the smaller size is measured at once. */
const FAR_TOO_LONG = 1_000;

for (const [name, { read, ...language }] of Object.entries(readersIn(folder.path))) {
  test(`reading ${name} takes time in proportion to the text`, { timeout: 300_000 }, async () => {
    const tried: { shape: Shape; cost: number; suspicious: boolean }[] = [];
    for (const shape of shapesOf(language)) tried.push({ shape, ...(await tryOut(shape, read)) });
    // The slowest one too, so that each reader is measured.
    const slowest = tried.reduce((one, other) => (other.cost > one.cost ? other : one));
    const wrong: string[] = [];
    for (const { shape } of tried.filter((each) => each.suspicious || each === slowest)) {
      const ratio = await leastGrowth(shape, read);
      if (ratio > MOST_GROWTH) wrong.push(`${shape.name}: ${Math.round(ratio)} times the time for 10 times the text`);
    }
    expect(tried.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });
}

/** A collection of garbage may fall into each of the larger runs; work that is not in proportion is too long every time. */
async function leastGrowth({ make }: Shape, read: (text: string) => unknown): Promise<number> {
  let least = await growth(make, read);
  for (let again = 0; again < 2 && least > MOST_GROWTH; again++) least = Math.min(least, await growth(make, read));
  return least;
}

async function tryOut({ make }: Shape, read: (text: string) => unknown): Promise<{ cost: number; suspicious: boolean }> {
  const small = await costOf(make(SIZES.small), read);
  if (small > FAR_TOO_LONG) return { cost: small, suspicious: true };
  const cost = await costOf(make(SIZES.large), read);
  return { cost, suspicious: cost > SUSPICIOUS && cost > GROWS * Math.max(1, small) };
}

test.each([
  ['a search that begins anew at each space', (text: string) => / *x/.test(text.replace(/[^ ]/g, ''))],
  [
    'a comparison of each word with each other',
    (text: string) => text.split(' ').filter((word, index, all) => all.indexOf(`${word}-`) === index),
  ],
])('the measurement finds %s', { timeout: 60_000 }, async (_, read) => {
  const shapes = shapesOf({ tokens: ['a '], texts: ['a b'] });
  for (const shape of shapes) {
    if (!(await tryOut(shape, read)).suspicious) continue;
    expect(await growth(shape.make, read)).toBeGreaterThan(MOST_GROWTH);
    return;
  }
  expect.unreachable('no shape was suspicious');
});
