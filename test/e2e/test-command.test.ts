import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/store/sqlite/load.ts';
import { type AiServer, startAiServer } from '../support/aiServer.ts';
import { CAMPAIGN, config, csv, Folder, objects, outreach } from '../support/program.ts';

let folder: Folder;
let server: SMTPServer;
let port: number;
let refusal: Error | undefined;
let ai: AiServer | undefined;
/** Mails as they came over the wire, with their envelope's recipient. */
let taken: { to: string | undefined; mail: string }[];

beforeEach(async () => {
  folder = new Folder();
  taken = [];
  refusal = undefined;
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onRcptTo: (_address, _session, done) => done(refusal),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        taken.push({ to: session.envelope.rcptTo[0]?.address, mail: Buffer.concat(chunks).toString() });
        done(null, '2.0.0 queued as 4711');
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  port = (server.server.address() as AddressInfo).port;
});

afterEach(async () => {
  await ai?.close();
  ai = undefined;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  folder.remove();
});

function workspace(campaign = CAMPAIGN, rest = ''): void {
  folder.write('outreach.yaml', config(port, '', rest));
  folder.write('campaigns/hello.md', campaign);
  folder.write('leads.csv', csv(3));
}

/** Every row of every table. */
function everything(): Record<string, unknown[]> {
  const sqlite = connect(folder.at('.outreach', 'outreach.db'), { fileMustExist: true });
  try {
    const tables = sqlite.prepare("select name from sqlite_master where type = 'table' order by name").all() as { name: string }[];
    return Object.fromEntries(tables.map(({ name }) => [name, sqlite.prepare(`select * from "${name}"`).all()]));
  } finally {
    sqlite.close();
  }
}

test('a test mail is the first lead’s mail, goes to oneself alone, and leaves no trace in the database', async () => {
  workspace();
  await outreach(folder, ['import', 'leads.csv']);
  const before = everything();
  expect(before.messages).toHaveLength(3);
  const ended = await outreach(folder, ['test', 'hello', '--to', 'me@ruiz.example']);
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stdout).toContain('To me@ruiz.example by sender main (smtp), as the mail for lead0@company0.example');
  expect(ended.stdout).toContain('Subject: [test] For Company 0');
  expect(ended.stdout).toContain('Accepted: 250 2.0.0 queued as 4711');
  expect(ended.stdout.trim().split('\n').at(-1)).toMatch(/^Next: /);
  expect(taken).toHaveLength(1);
  expect(taken[0]?.to).toBe('me@ruiz.example');
  expect(taken[0]?.mail).toContain('Subject: [test] For Company 0');
  expect(taken[0]?.mail).toContain('Hi Lead 0,');
  expect(taken[0]?.mail).toMatch(/^To: me@ruiz.example\r$/m);
  expect(taken[0]?.mail).not.toContain('lead0@');
  expect(everything()).toEqual(before);
});

test('another lead and another sender can be picked, and --json tells all of it', async () => {
  workspace();
  folder.write(
    'outreach.yaml',
    `${config(port)}  - { name: other, type: smtp, from: "Bo <bo@other.example>", host: 127.0.0.1, port: ${port}, security: none }\n`,
  );
  await outreach(folder, ['import', 'leads.csv']);
  const ended = await outreach(folder, 'test --to me@ruiz.example --lead LEAD2@company2.example --sender other --json'.split(' '));
  expect(objects(ended)).toMatchObject([
    {
      campaign: 'hello',
      sender: 'other',
      to: 'me@ruiz.example',
      lead: 'lead2@company2.example',
      sample: false,
      subject: '[test] For Company 2',
      outcome: 'accepted',
      code: 250,
    },
  ]);
  expect(taken[0]?.mail).toMatch(/^From: Bo <bo@other.example>\r$/m);
});

test('without leads the values are invented and said to be, and no database is made', async () => {
  workspace();
  const ended = await outreach(folder, ['test', '--to', 'me@ruiz.example']);
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stdout).toContain('with sample values');
  expect(taken[0]?.mail).toContain('Hi Alex,');
  expect(existsSync(folder.at('.outreach', 'outreach.db'))).toBe(false);
});

test('a refused one ends with 1, the reply, and what to do; nothing is suppressed or counted', async () => {
  workspace();
  await outreach(folder, ['import', 'leads.csv']);
  const before = everything();
  refusal = Object.assign(new Error('5.1.1 No such user here'), { responseCode: 550 });
  const ended = await outreach(folder, ['test', '--to', 'nobody@ruiz.example']);
  expect(ended.code).toBe(1);
  expect(ended.stdout).toContain('Address refused: 550 5.1.1 No such user here');
  expect(ended.stdout).toContain('Next: check the address after --to');
  expect(taken).toEqual([]);
  expect(everything()).toEqual(before);
});

test.each([
  [['--to', 'me@ruiz.example, you@ruiz.example'], '--to: not one address'],
  [[], "required option '--to <address>' not specified"],
  [['--to', 'me@ruiz.example', '--sender', 'mian'], 'there is no sender mian; did you mean main?'],
  [['--to', 'me@ruiz.example', '--lead', 'who@x.example'], 'there is no lead who@x.example in campaign hello'],
])('test %j is wrong usage: %s', async (parameters, sentence) => {
  workspace();
  const ended = await outreach(folder, ['test', 'hello', ...parameters]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(sentence);
  expect(taken).toEqual([]);
});

test('with a model only a text that was paid for already is sent; otherwise it is refused with the way to one', async () => {
  ai = await startAiServer();
  const provider = `ai:\n  providers: [{ name: local, base_url: "${ai.url}", model: writer-1, price: { input: 1, output: 2 } }]\n`;
  workspace('---\ngenerator: ai\n---\nAsk one question about their work.\n', provider);
  await outreach(folder, ['import', 'leads.csv']);
  const refused = await outreach(folder, ['test', '--to', 'me@ruiz.example']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('a test pays for no text');
  expect(refused.stderr).toContain('outreach preview hello --limit 1');
  expect(ai.calls).toHaveLength(0);
  await outreach(folder, ['preview', 'hello', '--limit', '1']);
  const before = everything();
  const ended = await outreach(folder, ['test', '--to', 'me@ruiz.example']);
  expect(ended.code, ended.stderr).toBe(0);
  expect(taken[0]?.mail).toContain('Subject: [test] For lead0@company0.example');
  expect(ai.calls).toHaveLength(1);
  expect(everything()).toEqual(before);
});
