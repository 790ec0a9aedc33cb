import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SenderReport } from '../../src/app/senderReports.ts';
import type { Status } from '../../src/app/status.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { type Fault, type Said, type Sink, startSink } from '../crash/sink.ts';
import { type HttpFault, type MailProvider, startMailProvider } from '../support/mailProvider.ts';
import { CAMPAIGN, config, csv, Folder, json, objects, outreach } from '../support/program.ts';

const LEADS = 40;
const ENV = { KEY: 'secret' };

let folder: Folder;
let sink: Sink | undefined;
let provider: MailProvider | undefined;

beforeEach(() => {
  folder = new Folder();
});

afterEach(async () => {
  await sink?.close();
  await provider?.close();
  sink = undefined;
  provider = undefined;
  folder.remove();
});

async function importLeads(settings: string): Promise<void> {
  folder.write('outreach.yaml', settings);
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(LEADS));
  await outreach(folder, ['import', 'leads.csv']);
}

/** A server that answers each recipient, or each mail, so. */
async function serve(faultFor: (to: string) => Fault | undefined, sender = '', atMail?: string): Promise<Sink> {
  const limit = atMail === undefined ? undefined : { mails: 0, reply: atMail };
  sink = await startSink((to) => (to === undefined ? undefined : faultFor(to)), limit);
  await importLeads(config(sink.port, sender));
  return sink;
}

const drain = (...parameters: string[]) => outreach(folder, ['worker', '--drain', ...parameters], ENV);
const states = async () => (await json<Status>(folder, 'status')).jobs[0]?.states;
const suppressed = async () => objects(await outreach(folder, ['suppress', 'list', '--json']));

async function main(): Promise<SenderReport> {
  return json<SenderReport>(folder, 'senders');
}

/** Lets the time pass that a sender rests. */
function endRest(): void {
  const db = connect(folder.at('.outreach', 'outreach.db'), { fileMustExist: true });
  db.prepare('update senders set rest_until = 0').run();
  db.close();
}

/** Drains, and drains again after each rest, until the sender is stopped; returns how often. */
async function drainUntilStopped(...parameters: string[]): Promise<number> {
  for (let drains = 1; drains <= 5; drains++) {
    await drain(...parameters);
    if ((await main()).stopped_at !== null) return drains;
    endRest();
  }
  throw new Error('the sender was never stopped');
}

const SEND_AS_DENIED =
  '554 5.2.252 SendAsDenied; ana@ruiz.example not allowed to send as info@ruiz.example; STOREDRV.Submission.Exception:SendAsDeniedException';

test.each<[string, Said | undefined, string | undefined]>([
  ['after the dot', `dot says ${SEND_AS_DENIED}`, undefined],
  ['at MAIL', undefined, SEND_AS_DENIED],
])(
  'a From that is not the login’s mailbox, refused %s, stops the sender after one mail, and no lead is lost',
  {
    timeout: 60_000,
  },
  async (_, said, atMail) => {
    const { received } = await serve(() => said, '', atMail);
    await drain('--concurrency', '1');
    expect(received.length).toBeLessThanOrEqual(1);
    expect(await main()).toMatchObject({ rest_until: expect.any(String), reason: expect.stringContaining('SendAsDenied') });
    expect(await states()).toMatchObject({ ready: LEADS, failed: 0, suppressed: 0, uncertain: 0 });
    if (said !== undefined) {
      endRest();
      // It has been refused once; two more are enough.
      expect(await drainUntilStopped('--concurrency', '1')).toBe(2);
      expect(await main()).toMatchObject({ reason: expect.stringContaining('3 mails in a row to 3 domains') });
      expect(received).toHaveLength(3);
    }
    expect(await states()).toMatchObject({ ready: LEADS, failed: 0, suppressed: 0, uncertain: 0 });
    expect(await suppressed()).toEqual([]);
  },
);

test.each<[string, (to: string) => Said, string]>([
  ['a relay that wants a login', (to) => `rcpt says 550 Invalid recipient: <${to}>`, ''],
  ['the same with a daily cap', (to) => `rcpt says 550 Invalid recipient: <${to}>`, 'daily_cap: 50'],
  ['a filter of content', (to) => `dot says 554 5.6.0 Refused as spam, id ${to.length}-${to}`, ''],
  ['the same with a daily cap', (to) => `dot says 554 5.6.0 Refused as spam, id ${to.length}-${to}`, 'daily_cap: 50'],
])('three refusals alike stop the sender, and every mail is ready again: %s', { timeout: 60_000 }, async (_, saidTo, sender) => {
  let refuses = true;
  const { received } = await serve((to) => (refuses ? saidTo(to) : undefined), sender);
  expect(await drainUntilStopped()).toBe(1);
  const { reason } = await main();
  expect(reason).toMatch(/mails in a row to \d domains were refused alike, so it is not the recipients: 55/);
  expect(await states()).toMatchObject({ ready: LEADS, failed: 0, suppressed: 0, uncertain: 0 });
  expect(await suppressed()).toEqual([]);
  refuses = false;
  await outreach(folder, ['senders', 'resume', 'main']);
  await drain();
  expect(await states()).toMatchObject({ accepted: LEADS, ready: 0, failed: 0, suppressed: 0 });
  const taken = received.filter((mail) => mail.taken).map(({ to }) => to);
  expect(new Set(taken).size).toBe(LEADS);
  expect(taken).toHaveLength(LEADS);
});

test.each(['550 5.7.1 We take no mail from strangers', '554 5.7.1 Access denied'])(
  'one strict recipient in a list of forty waits for a later try, and the other 39 go out: %s',
  { timeout: 60_000 },
  async (said) => {
    const { received } = await serve((to) => (to.startsWith('lead7@') ? `rcpt says ${said}` : undefined));
    const { code } = await drain();
    expect(code).toBe(0);
    expect(await states()).toMatchObject({ accepted: LEADS - 1, ready: 1, failed: 0, suppressed: 0, uncertain: 0 });
    expect(received).toHaveLength(LEADS - 1);
    expect(await main()).toMatchObject({ rest_until: null, stopped_at: null, warning: null });
    expect(await suppressed()).toEqual([]);
    const [waiting] = objects(await outreach(folder, ['messages', '--state', 'ready', '--json']));
    expect(waiting).toMatchObject({ email: 'lead7@company7.example' });
  },
);

test.each(['sendgrid', 'resend'] as const)(
  '%s refuses mail after mail alike: its sender stops, and every mail is ready again',
  {
    timeout: 60_000,
  },
  async (type) => {
    let fault: HttpFault | undefined = '400';
    provider = await startMailProvider((to) => (to === undefined ? undefined : fault));
    await importLeads(`version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, 28013 Madrid, Spain", timezone: Europe/Madrid }
senders:
  - { name: main, type: ${type}, from: "Ana Ruiz <ana@ruiz.example>", base_url: "${provider.url}", api_key: "env:KEY", daily_cap: 50 }
`);
    await drain();
    expect(await main()).toMatchObject({ stopped_at: expect.any(String), reason: expect.stringContaining('were refused alike') });
    expect(await states()).toMatchObject({ ready: LEADS, failed: 0, suppressed: 0, uncertain: 0 });
    expect(await suppressed()).toEqual([]);
    expect(provider.requests.length).toBeLessThan(10);
    fault = undefined;
    await outreach(folder, ['senders', 'resume', 'main']);
    await drain();
    expect(await states()).toMatchObject({ accepted: LEADS, ready: 0, failed: 0 });
  },
);
