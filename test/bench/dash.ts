import { crowdedDesk, lookTime } from '../support/crowd.ts';
import { Folder } from '../support/program.ts';
import { verdict } from './measure.ts';

/** What a picture of the dashboard reads, beside very many messages in one job, and in a thousand. */
export async function benchDash(full: boolean): Promise<boolean> {
  const messages = full ? 1_000_000 : 100_000;
  const now = Date.now();
  let met = true;
  console.log(`what one look of the dashboard reads, ${messages.toLocaleString('en-US')} messages, median`);
  for (const jobs of [1, 1_000]) {
    const folder = new Folder();
    const desk = await crowdedDesk(folder, { jobs, messages, now });
    try {
      const jobsHere = jobs === 1 ? 'one job' : `${jobs.toLocaleString('en-US')} jobs`;
      met = verdict(`outreach dash: the queries of a frame, ${jobsHere}`, await lookTime(desk, now), { most: 5, unit: ' ms' }) && met;
    } finally {
      await desk.close();
      folder.remove();
    }
  }
  return met;
}
