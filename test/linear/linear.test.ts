import { afterAll, expect, test } from 'vitest';
import { costOf, growth, MOST_GROWTH } from '../support/growth.ts';
import { Folder } from '../support/program.ts';
import { readersIn } from './readers.ts';
import { type Shape, shapesOf } from './shapes.ts';

const folder = new Folder();
afterAll(() => folder.remove());

/** Sizes at which each shape is tried; work that grows with the square of 100,000 takes seconds. */
const SIZES = [1_000, 10_000, 100_000];
/** What takes longer (ms) at one of these sizes is measured at n and 10 n. */
const SUSPICIOUS = 25;
/** Measured too, so that no reader passes by being quick alone. */
const SLOWEST = 1;

for (const [name, { read, ...language }] of Object.entries(readersIn(folder.path))) {
  test(`reading ${name} takes time in proportion to the text`, { timeout: 300_000 }, async () => {
    const tried: { shape: Shape; cost: number }[] = [];
    for (const shape of shapesOf(language)) tried.push({ shape, cost: await slowness(shape, read) });
    tried.sort((one, other) => other.cost - one.cost);
    const measured = tried.filter(({ cost }, index) => index < SLOWEST || cost > SUSPICIOUS);
    const wrong: string[] = [];
    for (const { shape } of measured) {
      const ratio = await growth(shape.make, read);
      if (ratio > MOST_GROWTH) wrong.push(`${shape.name}: ${Math.round(ratio)} times the time for 10 times the text`);
    }
    expect(wrong).toEqual([]);
  });
}

/** The time at the largest size, or at the first that is suspicious already. */
async function slowness({ make }: Shape, read: (text: string) => unknown): Promise<number> {
  let cost = 0;
  for (const size of SIZES) {
    const text = make(size);
    cost = await costOf(text, read);
    // The first run also compiles.
    if (cost > SUSPICIOUS) cost = Math.min(cost, await costOf(text, read));
    if (cost > SUSPICIOUS) break;
  }
  return cost;
}
