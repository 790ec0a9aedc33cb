/** The smaller run takes at least this long, or the clock decides and not the work. */
const SHORTEST_MS = 5;
const TRIES = 5;
/** What takes less time on so much reads a bounded part of it. */
const LARGEST = 2 ** 22;

/**
 * How much longer the work on ten times as much takes: about 10 where it is in proportion, 100 where it is squared; 1 where it is bounded.
 * `make` gives content of a size that grows with `n`. The best of five runs counts, in time of the processor, because the machine
 * has other work.
 */
export async function growth<Content>(make: (n: number) => Content, work: (content: Content) => unknown): Promise<number> {
  let n = 1;
  let small = make(n);
  await work(small);
  while ((await bestOf(small, work)) < SHORTEST_MS) {
    n *= 2;
    if (n > LARGEST) return 1;
    small = make(n);
  }
  const least = await bestOf(small, work);
  return (await bestOf(make(n * 10), work)) / least;
}

/** Above this, work is not in proportion to what it reads. */
export const MOST_GROWTH = 30;

/** In milliseconds of the processor. */
export async function costOf<Content>(content: Content, work: (content: Content) => unknown): Promise<number> {
  const began = process.cpuUsage();
  await work(content);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}

async function bestOf<Content>(content: Content, work: (content: Content) => unknown): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < TRIES; run++) times.push(await costOf(content, work));
  return Math.min(...times);
}
