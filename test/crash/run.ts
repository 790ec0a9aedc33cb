import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isHttpProvider, isMailbox } from '../../src/domain/httpProvider.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { type AiServer, startAiServer } from '../support/aiServer.ts';
import { type HttpFault, type MailProvider, startMailProvider } from '../support/mailProvider.ts';
import { type Grants, startGrants } from './grants.ts';
import { AI_CONCURRENCY, judge, refusingLead } from './judge.ts';
import { Runner } from './runner.ts';
import type { Scenario } from './scenario.ts';
import { type Fault, type Sink, startSink } from './sink.ts';

export interface RunResult {
  readonly seed: number;
  readonly kills: number;
  readonly uncertain: number;
  readonly violations: readonly string[];
}

/** No honest round takes longer: a process that does is reported, not waited for. */
const PATIENCE_MS = 90_000;
/** When a broken program is hunted for, one that hangs has shown itself sooner. */
const HUNTING_PATIENCE_MS = 6_000;
/** Memory where there is some: durability against power loss is SQLite's, durability against kills is ours. */
const SCRATCH = process.platform === 'linux' ? '/dev/shm' : tmpdir();

/** In base64 8 MB; on Linux, a connection takes up to 4 MB that nobody reads. */
const LARGE_FILE = 6_000_000;

/** One run of the real program in child processes, judged by what the server received. */
export async function run(entry: string, scenario: Scenario, hunting = false): Promise<RunResult> {
  const workspace = mkdtempSync(join(SCRATCH, 'outreach-crash-'));
  const missing = new Set<string>();
  const grants = scenario.grants === undefined ? undefined : await startGrants(scenario.grants);
  const noted = noting(missing, grants);
  const sink = await startSink((to) => noted(to, scenario.faultFor(to)), { takes: grants?.takes });
  const provider = await startMailProvider((to) => noted(to, scenario.httpFaultFor(to)));
  const known = provider.takes;
  if (grants !== undefined) provider.takes = (token, path) => known(token, path) && grants.takes(token);
  const took = () => [...sink.received, ...provider.requests];
  const ai = scenario.writing === undefined ? undefined : await startAiServer(scenario.writing);
  const { clocks, large } = scenario;
  const slow = clocks !== undefined || large || scenario.rounds.some(({ end }) => ['person', 'clock', 'companions'].includes(end.kind));
  const runner = new Runner(entry, workspace, hunting && !slow ? HUNTING_PATIENCE_MS : PATIENCE_MS, took);
  if (scenario.rounds.some(({ end }) => end.kind === 'clock')) runner.setClock(0);
  if (clocks !== undefined) runner.setClock(clocks.local);
  try {
    writeWorkspace(workspace, { sink, provider, ai, grants }, scenario);
    const granted = scenario.route.filter((type) => grants !== undefined && (type === 'smtp' || isMailbox(type)));
    await grants?.give(workspace, granted);
    await importAll(runner, scenario, took);
    sendOnEarlierDays(databaseOf(workspace), scenario);
    for (const round of scenario.rounds) await runner.round(round, databaseOf(workspace), scenario.dailyCap !== undefined);
    if (clocks !== undefined) {
      runner.setClock(clocks.laterLocal);
      provider.now = () => Date.now() + clocks.laterProvider;
    }
    // A worker that lives for a moment, so that what is uncertain can be asked after.
    if (scenario.route.includes('resend')) await runner.finish(['worker', '--for', '1s'], {});
    await runner.settle(scenario, databaseOf(workspace));
    const verdict = judge(databaseOf(workspace), { received: took(), missing }, ai?.calls, scenario, runner.reconciled);
    return {
      seed: scenario.seed,
      kills: runner.kills,
      uncertain: verdict.uncertain,
      violations: [...runner.complaints, ...verdict.violations, ...(await lostGrants(grants, workspace, granted))],
    };
  } finally {
    runner.end();
    await sink.close();
    await provider.close();
    await ai?.close();
    await grants?.close();
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** Notes whose mailbox a server says is missing, and counts mails. */
function noting(
  missing: Set<string>,
  grants: Grants | undefined,
): <F extends string>(to: string | undefined, fault: F | undefined) => F | undefined {
  return (to, fault) => {
    if (to !== undefined) grants?.count();
    if (to !== undefined && fault !== undefined && EVIDENCE.includes(fault)) missing.add(to);
    return fault;
  };
}

async function lostGrants(grants: Grants | undefined, workspace: string, senders: Scenario['route']): Promise<string[]> {
  const lost = (await grants?.lost(workspace, senders)) ?? [];
  return lost.map((sender) => `the grant of sender ${sender} is lost`);
}

const EVIDENCE: readonly string[] = ['rcpt 550', '400 recipient'] satisfies (Fault | HttpFault)[];

function databaseOf(workspace: string): string {
  return join(workspace, '.outreach', 'outreach.db');
}

function writeWorkspace(
  workspace: string,
  { sink, provider, ai, grants }: { sink: Sink; provider: MailProvider; ai: AiServer | undefined; grants: Grants | undefined },
  { leads, refusing, dailyCap, warmUp, route, large }: Scenario,
): void {
  mkdirSync(join(workspace, 'campaigns'));
  const ramp = warmUp === undefined ? '' : `, daily_cap: 99, warmup: { start: ${warmUp.start}, step: 1 }`;
  const cap = dailyCap === undefined || warmUp !== undefined ? ramp : `, daily_cap: ${dailyCap}`;
  const over = (type: Scenario['route'][number]) => {
    const place = isHttpProvider(type) ? `base_url: "${provider.url}"` : `host: 127.0.0.1, port: ${sink.port}, security: none`;
    if (isHttpProvider(type) && !isMailbox(type)) return `${place}, api_key: "env:KEY"`;
    return grants === undefined ? place : `${place}, ${grants.settingsOf(type)}`;
  };
  const senders = route.map((type) => `  - { name: ${type}, type: ${type}, from: "Ana Ruiz <ana@ruiz.example>", ${over(type)}${cap} }`);
  writeFileSync(
    join(workspace, 'outreach.yaml'),
    `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, 28013 Madrid, Spain", timezone: Europe/Madrid }
senders:
${senders.join('\n')}
retry: { delays: [40ms], then: 80ms, give_up: 1h }
${ai === undefined ? '' : `ai: { concurrency: ${AI_CONCURRENCY}, providers: [{ name: local, base_url: "${ai.url}", model: m, price: { input: 1, output: 2 } }] }\n`}`,
  );
  writeFileSync(
    join(workspace, 'campaigns', 'hello.md'),
    ai === undefined
      ? `---\nsubject: "For {{ company }}"\nsenders: [${route.join(', ')}]\n${large ? 'attachments: [offer.pdf]\n' : ''}---\nHi {{ first_name }},\n\n.one line that begins with a dot\n\nBest\n`
      : `---\ngenerator: ai\nreview: none\nsenders: [${route.join(', ')}]\n---\nAsk one question.\n`,
  );
  if (large) writeFileSync(join(workspace, 'campaigns', 'offer.pdf'), Buffer.alloc(LARGE_FILE, '%PDF-1.4\n'));
  writeFileSync(join(workspace, 'leads.csv'), leadsCsv(leads, refusing));
}

/** Those who refuse stand among the others. */
function leadsCsv(leads: number, refusing: number): string {
  const rows = Array.from({ length: leads }, (_, index) => `lead${index}@company${index}.example,Lead ${index},Company ${index}`);
  const others = ['not-an-address,X,Y', 'LEAD0@company0.example,Twice,Company 0'];
  if (refusing === 0) return `${['email,first_name,company', ...rows, ...others].join('\n')}\n`;
  const unwilling = Array.from({ length: refusing }, (_, index) => `${refusingLead(index)},Refusing ${index},Company,yes`);
  const willing = [...rows, ...others].map((row) => `${row},no`);
  return `${['email,first_name,company,unsubscribed', ...willing.slice(0, 2), ...unwilling, ...willing.slice(2)].join('\n')}\n`;
}

/** The days of a warm-up that has gone on for a while. */
function sendOnEarlierDays(path: string, { warmUp, route }: Scenario): void {
  if (warmUp === undefined) return;
  const db = connect(path);
  try {
    const insert = db.prepare('insert into sender_days (sender, day, sent, watched) values (?, ?, 1, 0)');
    for (const sender of route) for (let day = 1; day <= warmUp.days; day++) insert.run(sender, `2026-01-${String(day).padStart(2, '0')}`);
  } finally {
    db.close();
  }
}

async function importAll(runner: Runner, scenario: Scenario, took: () => readonly unknown[]): Promise<void> {
  for (const { at, pass } of scenario.imports) {
    const code = await runner.finish(['import', 'leads.csv'], { CRASH_AT: `${at}=${pass}`, CRASH_WITH: 'SIGKILL' });
    if (code === 0 || at === 'import.completed') return;
    await runner.finish(['worker', '--drain'], {});
    if (took().length > 0) runner.complaints.push('something was sent before its import was complete');
  }
  const code = await runner.finish(['import', 'leads.csv'], {});
  if (code !== 0) runner.complaints.push(`the import ended with ${code}`);
}
