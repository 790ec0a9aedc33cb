import { connect } from '../../src/store/sqlite/load.ts';
import { CAMPAIGN, config, csv, Folder, outreach, start } from '../support/program.ts';
import { median, startServer, verdict } from './measure.ts';

const MANY = 20;

/** From an import to the last mail: twenty workers started at once against one. Drafting is part of it, and so are their starts and ends. */
export async function benchWorkers(full: boolean): Promise<boolean> {
  const leads = full ? 5_000 : 2_000;
  const rounds = full ? 3 : 1;
  const server = await startServer('sink', 5);
  try {
    const [one, many]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      one.push(await timeWorkers(server.port, leads, 1));
      many.push(await timeWorkers(server.port, leads, MANY));
    }
    const [alone, together] = [median(one), median(many)];
    const here = `${together.toFixed(1)} s and ${alone.toFixed(1)} s here`;
    return verdict(`${MANY} workers / one: ${leads} leads written and sent`, together / alone, { most: 2 }, here);
  } finally {
    server.stop();
  }
}

/** Seconds until all of them have ended; every lead accepted once, and no worker failed. */
async function timeWorkers(port: number, leads: number, workers: number): Promise<number> {
  const folder = new Folder();
  try {
    folder.write('outreach.yaml', config(port));
    folder.write('campaigns/hello.md', CAMPAIGN);
    folder.write('leads.csv', csv(leads));
    await outreach(folder, ['import', 'leads.csv']);
    const began = performance.now();
    const ends = await Promise.all(
      Array.from({ length: workers }, () => start(folder, ['worker', '--until-done'], { OUTREACH_LOG: 'warn' }).ended),
    );
    const seconds = (performance.now() - began) / 1_000;
    const failed = ends.filter(({ code }) => code !== 0);
    if (failed.length > 0) throw new Error(`${failed.length} of ${workers} workers failed: ${failed[0]?.stderr.slice(-400)}`);
    const db = connect(folder.at('.outreach', 'outreach.db'), { readonly: true });
    const [row] = db.prepare("select count(*) as n from messages where state = 'accepted'").all() as { n: number }[];
    db.close();
    if (row?.n !== leads) throw new Error(`${row?.n} of ${leads} were accepted`);
    return seconds;
  } finally {
    folder.remove();
  }
}
