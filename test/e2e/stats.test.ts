import { readFileSync, statSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, openApp } from '../../src/app/app.ts';
import { readStatistics, type Statistics } from '../../src/app/statistics.ts';
import type { Context, Use } from '../../src/commands/context.ts';
import { statsCommand } from '../../src/commands/stats.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { localDay } from '../../src/domain/localDay.ts';
import { openStore } from '../../src/store/database.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { endedMails } from '../../src/store/statistics.ts';
import { speaksUnicode } from '../../src/terminal/abilities.ts';
import { Output } from '../../src/terminal/output.ts';
import { formatTable } from '../../src/terminal/table.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, json, outreach } from '../support/program.ts';

let folder: Folder;
const closing: (() => unknown)[] = [];

beforeEach(() => {
  folder = new Folder();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  folder.remove();
});

async function sixLeads(): Promise<Sink> {
  const sink = await startSink((to) => (to?.startsWith('lead0') ? 'rcpt 550' : to?.startsWith('lead1') ? 'dot drop, taken' : undefined));
  closing.push(() => sink.close());
  folder.write('outreach.yaml', config(sink.port));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(6));
  await json(folder, 'import', 'leads.csv');
  return sink;
}

test('stats and report tell what became of the mails, from the import to a bounce that was told later', async () => {
  await sixLeads();
  expect((await json<Statistics>(folder, 'stats')).totals).toMatchObject({ total: 6, drafted: 0, sent: 0, waiting: 6 });
  await outreach(folder, ['worker', '--until-done']);
  await json(folder, 'suppress', 'add', 'lead2@company2.example', '--reason', 'bounced');
  await json(folder, 'suppress', 'add', 'lead3@company3.example', '--reason', 'complained');
  const found = await json<Statistics>(folder, 'stats', 'hello', '--top', '2');
  const tally = { sent: 4, bounced: 2, complained: 1, uncertain: 1, failed: 1 };
  expect(found).toEqual({
    campaign: 'hello',
    timezone: 'Europe/Madrid',
    since: null,
    until: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    totals: { total: 6, drafted: 6, ...tally, suppressed: 0, cancelled: 0, waiting: 0, review: 0 },
    by_sender: [{ sender: 'main', ...tally }],
    by_domain: [
      { domain: 'company0.example', sent: 0, bounced: 1, complained: 0, uncertain: 0, failed: 1 },
      { domain: 'company1.example', sent: 0, bounced: 0, complained: 0, uncertain: 1, failed: 0 },
    ],
    other_domains: { domains: 4, sent: 4, bounced: 1, complained: 1, uncertain: 0, failed: 0 },
    by_day: [{ date: expect.any(String), drafted: 6, ...tally, suppressed: 0 }],
  });
  expect({ ...(await json<Statistics>(folder, 'stats')), campaign: 'hello', until: '' }).toMatchObject({
    totals: found.totals,
    by_sender: found.by_sender,
  });
  expect((await json<Statistics>(folder, 'stats', '--days', '1')).by_day).toEqual(found.by_day);

  const printed = await outreach(folder, ['stats']);
  expect(printed.stdout).toMatch(/^sent +4$/m);
  expect(printed.stdout).toMatch(/^main +4 +2 +1 +1$/m);
  expect(printed.stdout.trimEnd().split('\n').at(-1)).toMatch(/^Next: outreach messages --state uncertain/);
  // Only a terminal has a width that a bar could be drawn to.
  expect(printed.stdout).not.toMatch(/[█▏#]/);

  const made = await json<{ out: string; needs: unknown[] }>(folder, 'report', 'hello', '--out', 'report.html');
  expect(made.needs).toEqual([{ what: expect.stringContaining('1 left'), command: 'outreach messages --job 1 --state uncertain' }]);
  expect(statSync(made.out).mode & 0o077).toBe(0);
  expect(readFileSync(made.out, 'utf8')).toContain('lead1@company1.example');
  const again = await outreach(folder, ['report', 'hello', '--out', 'report.html']);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('exists already')]);
  expect((await outreach(folder, ['report', 'hello', '--out', 'report.html', '--force'])).code).toBe(0);
});

test.each([
  [['stats', 'helo'], 'did you mean hello?'],
  [['stats', '--since', 'whenever'], '--since whenever is no time'],
  [['stats', '--since', '2999-01-01'], 'is still to come'],
  [['stats', '--since', '10d', '--days', '3'], 'cannot be used with'],
  [['stats', '--days', '0'], '0 is not a number of days above 0'],
  [['report', 'hello'], '--out'],
  [['report', 'helo', '--out', 'x.html'], 'did you mean hello?'],
])('%j is refused with a sentence', async (parameters, sentence) => {
  folder.write('outreach.yaml', 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n');
  folder.write('campaigns/hello.md', CAMPAIGN);
  const ended = await outreach(folder, parameters);
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining(sentence)]);
});

interface Made {
  readonly id: number;
  readonly campaign: number;
  readonly state: string;
  readonly sender: string | null;
  readonly domain: string;
  readonly outcome: string | null;
  readonly triedAt: number | null;
  readonly stateAt: number;
  readonly drafted: number[];
  readonly events: string[];
}

/** The same for ever: a fixed sequence in place of chance. */
function draws(): (below: number) => number {
  let state = 7;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Around the last Sunday of October 2026, when the clocks of Madrid go back. */
const FIRST = Date.parse('2026-10-23T00:00:00Z');

function makeUp(count: number): Made[] {
  const draw = draws();
  return Array.from({ length: count }, (_, index) => {
    const state = ['accepted', 'accepted', 'accepted', 'failed', 'uncertain', 'suppressed', 'cancelled', 'pending', 'ready'][draw(9)] ?? '';
    const tried = ['accepted', 'failed', 'uncertain'].includes(state) || draw(4) === 0;
    const triedAt = tried && state !== 'pending' ? FIRST + draw(5 * 86_400_000) : null;
    const refused = state === 'failed' && draw(2) === 0;
    return {
      id: index + 1,
      campaign: draw(2) + 1,
      state,
      triedAt,
      sender: triedAt === null ? null : `sender${draw(3)}`,
      domain: triedAt === null || draw(10) === 0 ? '' : `company${draw(12)}.example`,
      outcome: triedAt === null ? null : refused ? 'recipient_refused' : state === 'accepted' ? 'accepted' : 'temporary',
      stateAt: FIRST + draw(6 * 86_400_000),
      drafted: Array.from({ length: draw(3) }, () => FIRST + draw(5 * 86_400_000)).sort((one, other) => one - other),
      events: state === 'accepted' ? ['bounced', 'bounced', 'complained'].slice(0, draw(4)) : [],
    };
  });
}

async function store(app: App, made: readonly Made[]): Promise<void> {
  await (await app.openStore()).write(async (tx) => {
    const run = (text: string) => sql.raw(text).execute(tx);
    await run("insert into campaigns (id, name, content_hash, created_at) values (1, 'one', 'h', 0), (2, 'two', 'h', 0)");
    await run(
      "insert into jobs (id, campaign_id, source, send_mode, created_at, imported_at) values (1, 1, 's', 'immediate', 0, 0), (2, 2, 's', 'immediate', 0, 0)",
    );
    for (const { id, campaign, state, sender, domain, outcome, triedAt, stateAt, drafted, events } of made) {
      await run(
        `insert into prospects (id, campaign_id, job_id, email, email_key, domain, fields, created_at, updated_at) values (${id}, ${campaign}, ${campaign}, '${id}@x.example', '${id}@x.example', 'x.example', '{}', 0, 0)`,
      );
      const frozen = state === 'pending' ? 'null' : "'f'";
      const attempt = triedAt === null ? 'null' : id;
      await run(
        `insert into messages (id, job_id, campaign_id, prospect_id, state, due_at, created_at, state_at, frozen_sha256, attempt_id, armed) values (${id}, ${campaign}, ${campaign}, ${id}, '${state}', 0, 0, ${stateAt}, ${frozen}, ${attempt}, ${state === 'uncertain' ? 1 : 0})`,
      );
      if (triedAt !== null)
        await run(
          `insert into attempts (id, message_id, worker_id, token, sender, provider, started_at, deadline_at, outcome, domain) values (${id}, ${id}, 'w', 1, '${sender}', 'p', ${triedAt}, 0, '${outcome}', '${domain}')`,
        );
      for (const at of drafted) await run(`insert into events (message_id, at, kind) values (${id}, ${at}, 'drafted')`);
      for (const kind of events) await run(`insert into events (message_id, at, kind) values (${id}, ${FIRST + 9e8}, '${kind}')`);
    }
  });
}

/** The rules once more, mail by mail. */
function judge(made: readonly Made[], zone: string, campaign: number | undefined, since: number) {
  const own = made.filter((mail) => campaign === undefined || mail.campaign === campaign);
  const ended = own
    .filter(({ state }) => ['accepted', 'failed', 'uncertain', 'suppressed', 'cancelled'].includes(state))
    .map((mail) => ({ ...mail, at: ['suppressed', 'cancelled'].includes(mail.state) ? mail.stateAt : (mail.triedAt ?? mail.stateAt) }))
    .filter(({ at }) => at >= since);
  const tally = (mails: typeof ended) => ({
    sent: mails.filter(({ state }) => state === 'accepted').length,
    bounced: mails.filter(
      ({ state, outcome, events }) => (state === 'failed' && outcome === 'recipient_refused') || events.includes('bounced'),
    ).length,
    complained: mails.filter(({ events }) => events.includes('complained')).length,
    uncertain: mails.filter(({ state }) => state === 'uncertain').length,
    failed: mails.filter(({ state }) => state === 'failed').length,
  });
  const sent = ended.filter(({ state }) => !['suppressed', 'cancelled'].includes(state));
  const drafted = own.flatMap((mail) => mail.drafted.filter((at) => at >= since).slice(-1));
  const dateOf = (at: number) => localDay(zone, at).date;
  const dates = [...new Set([...ended.map(({ at }) => dateOf(at)), ...drafted.map(dateOf)])].sort();
  const senders = [...new Set(sent.map(({ sender }) => sender))].sort();
  return {
    totals: {
      total: own.length,
      drafted: drafted.length,
      ...tally(ended),
      suppressed: ended.filter(({ state }) => state === 'suppressed').length,
      cancelled: ended.filter(({ state }) => state === 'cancelled').length,
      waiting: own.filter(({ state }) => ['pending', 'ready'].includes(state)).length,
      review: 0,
    },
    senders: senders.map((sender) => ({ sender, ...tally(sent.filter((mail) => mail.sender === sender)) })),
    domain: (domain: string) => tally(sent.filter((mail) => mail.domain === domain)),
    days: dates.map((date) => ({
      date,
      drafted: drafted.filter((at) => dateOf(at) === date).length,
      ...tally(ended.filter(({ at }) => dateOf(at) === date)),
      suppressed: ended.filter(({ state, at }) => state === 'suppressed' && dateOf(at) === date).length,
    })),
  };
}

/** Kathmandu is 5:45 ahead of UTC; Madrid's days are of 23 to 25 hours. */
test.each(['Europe/Madrid', 'Asia/Kathmandu', 'America/St_Johns'])(
  'figures in %s are those that a count mail by mail finds',
  async (zone) => {
    folder.write('outreach.yaml', `version: 1\nidentity: { name: Ana Ruiz, timezone: ${zone} }\n`);
    const app = await openApp(workspaceAt(folder.path));
    closing.push(() => app.close());
    const made = makeUp(400);
    await store(app, made);
    for (const campaign of [undefined, 'one', 'two'])
      for (const since of [undefined, FIRST + 2.3 * 86_400_000]) {
        const found = await readStatistics(app, { campaign, since, top: 4, now: FIRST + 6 * 86_400_000 });
        const truth = judge(made, zone, campaign === undefined ? undefined : campaign === 'one' ? 1 : 2, since ?? 0);
        expect(found.totals).toEqual(truth.totals);
        expect(found.by_day).toEqual(truth.days);
        expect([...found.by_sender].sort((one, other) => one.sender.localeCompare(other.sender))).toEqual(truth.senders);
        expect(found.by_domain).toHaveLength(4);
        for (const { domain, ...tally } of found.by_domain) expect([domain, tally]).toEqual([domain, truth.domain(domain)]);
        expect(found.other_domains.domains).toBe(8);
        const all = [...found.by_domain, found.other_domains];
        for (const what of ['sent', 'bounced', 'complained', 'uncertain', 'failed'] as const)
          expect(all.reduce((sum, each) => sum + each[what], 0)).toBe(found.totals[what]);
      }
  },
);

test('as many domains are told apart as one asks for', async () => {
  const store = await openStore(folder.at('many', 'outreach.db'));
  try {
    const span = { campaignId: undefined, since: undefined, clock: [{ at: 0, offset: 0 }] };
    const domains = Array.from({ length: 40_000 }, (_, index) => `company${index}.example`);
    expect(await endedMails(store.db, span, domains)).toEqual([]);
  } finally {
    await store.close();
  }
});

test('figures are read beside a writer, and keep none waiting', async () => {
  folder.write('outreach.yaml', 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n');
  const app = await openApp(workspaceAt(folder.path));
  closing.push(() => app.close());
  await store(app, makeUp(20));
  const writer = connect((await app.openStore()).path);
  closing.push(() => writer.close());
  writer.exec('begin immediate; delete from events');
  expect((await readStatistics(app, { campaign: undefined, since: undefined, top: 4, now: FIRST })).totals.total).toBe(20);
  writer.exec('commit');
});

/** What the command prints on a terminal of this width. */
async function onTerminal(columns: number, env: NodeJS.ProcessEnv, parameters: readonly string[] = []): Promise<string> {
  const app = await openApp(workspaceAt(folder.path));
  let text = '';
  const write = (part: string) => {
    text += part;
  };
  const stdout = { isTTY: true, columns, write } as unknown as NodeJS.WriteStream;
  const output = new Output({
    json: false,
    colour: true,
    stdout,
    stderr: process.stderr,
    formatTable,
    unicode: speaksUnicode(env),
    redraws: true,
  });
  const context = { output, env, platform: 'linux', cwd: folder.path, app: async () => app } as unknown as Context;
  const use: Use =
    (run) =>
    async (...all) =>
      void (await run(context, ...(all.slice(0, -1) as never)));
  await statsCommand(use).parseAsync(['node', 'stats', ...parameters]);
  await app.close();
  return text;
}

const UTF8 = { TERM: 'xterm-256color', LANG: 'C.UTF-8' };

test('on a terminal there are bars as wide as it allows: blocks, or ASCII where none are drawn, and none where there is no room', async () => {
  folder.write('outreach.yaml', 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n');
  const app = await openApp(workspaceAt(folder.path));
  await store(app, makeUp(400));
  await app.close();
  for (const columns of [200, 120, 80, 60, 40, 30]) {
    const plain = stripVTControlCharacters(await onTerminal(columns, UTF8));
    const tables = plain.split('\n').filter((line) => !/^(All|Next)/.test(line));
    expect([columns, Math.max(...tables.map((line) => [...line].length)) <= columns]).toEqual([columns, true]);
    expect([columns, plain.includes('█')]).toEqual([columns, true]);
    expect(plain).toMatch(columns < 60 ? /^DAY +DRAFTED +SENT$/m : /^DAY +DRAFTED +SENT +BOUNCED +UNCERTAIN +FAILED$/m);
  }
  expect(await onTerminal(20, UTF8)).not.toContain('█');
  for (const env of [
    { ...UTF8, TERM: 'dumb' },
    { TERM: 'xterm', LANG: 'C' },
  ]) {
    const text = await onTerminal(80, env);
    expect(text).toMatch(/#{10}/);
    expect(text).not.toMatch(/[█▏▎▍▌▋▊▉]/);
  }
});

test('a domain or sender with control characters in its name moves no cursor', async () => {
  folder.write('outreach.yaml', 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n');
  const app = await openApp(workspaceAt(folder.path));
  await store(app, [
    {
      ...(makeUp(1)[0] as Made),
      id: 1,
      campaign: 1,
      state: 'accepted',
      triedAt: FIRST,
      sender: 'a\u001b[2Jb\rc',
      domain: 'x\u001b]52;c;aGk=\u0007y.example',
    },
  ]);
  await app.close();
  const text = await onTerminal(80, UTF8);
  expect(text).toContain('xy.example');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is left of them is colours alone
  expect(text.replace(/\u001b\[\d+m/g, '')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});
