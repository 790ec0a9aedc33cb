/** The smaller run takes at least this long, or the clock decides and not the work. */
const SHORTEST_MS = 5;
const TRIES = 5;

/**
 * How much longer the work on ten times as much takes: about 10 where it is in proportion, 100 where it is squared.
 * `make` gives content of a size that grows with `n`. The best of five runs counts, in time of the processor, because the machine
 * has other work.
 */
export function growth<Content>(make: (n: number) => Content, work: (content: Content) => unknown): number {
  let n = 1;
  let small = make(n);
  work(small);
  while (bestOf(small, work) < SHORTEST_MS) {
    n *= 2;
    small = make(n);
  }
  return bestOf(make(n * 10), work) / bestOf(small, work);
}

/** Above this, work is not in proportion to what it reads. */
export const MOST_GROWTH = 30;

function bestOf<Content>(content: Content, work: (content: Content) => unknown): number {
  const times = Array.from({ length: TRIES }, () => {
    const began = process.cpuUsage();
    work(content);
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}
