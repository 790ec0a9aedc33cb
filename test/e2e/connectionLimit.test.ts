import { afterEach, expect, test } from 'vitest';
import type { Status } from '../../src/app/status.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, json, outreach } from '../support/program.ts';

let folder: Folder;
let sink: Sink;

afterEach(async () => {
  await sink.close();
  folder.remove();
});

test.each(['421 4.3.2 Closing the connection', '421 4.7.0 Too many messages on this connection'])(
  'a drain of 150 leads ends with 150 mails at a server that says "%s" after every ten on a connection',
  { timeout: 60_000 },
  async (reply) => {
    folder = new Folder();
    sink = await startSink(() => undefined, { mails: 10, reply });
    folder.write('outreach.yaml', config(sink.port));
    folder.write('campaigns/hello.md', CAMPAIGN);
    folder.write('leads.csv', csv(150));
    await outreach(folder, ['import', 'leads.csv']);
    const { code } = await outreach(folder, ['worker', '--drain']);
    expect((await json<Status>(folder, 'status')).jobs[0]?.states).toMatchObject({ accepted: 150, ready: 0, failed: 0, uncertain: 0 });
    expect(code).toBe(0);
    expect(sink.received).toHaveLength(150);
    expect(new Set(sink.received.map(({ to }) => to)).size).toBe(150);
  },
);
