import { crowdedDesk, lookTime } from '../support/crowd.ts';
import { Folder } from '../support/program.ts';

const BOUND_MS = 5;

/** What a picture of the dashboard reads, beside very many messages in one job, and in a thousand. */
export async function benchDash(full: boolean): Promise<boolean> {
  const messages = full ? 1_000_000 : 100_000;
  const now = Date.now();
  const medians: number[] = [];
  for (const jobs of [1, 1_000]) {
    const folder = new Folder();
    const desk = await crowdedDesk(folder, { jobs, messages, now });
    try {
      const median = await lookTime(desk, now);
      medians.push(median);
      const size = `${messages.toLocaleString('en-US')} messages in ${jobs.toLocaleString('en-US')} ${jobs === 1 ? 'job' : 'jobs'}`;
      console.log(`dashboard, ${size}: ${median.toFixed(2)} ms a look, median (bound ${BOUND_MS} ms)`);
    } finally {
      await desk.close();
      folder.remove();
    }
  }
  return Math.max(...medians) <= BOUND_MS;
}
