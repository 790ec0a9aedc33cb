import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/store/sqlite/load.ts';
import { type AiServer, startAiServer } from '../support/aiServer.ts';
import { type MailProvider, startMailProvider } from '../support/mailProvider.ts';
import { AI_CONCURRENCY, judge } from './judge.ts';
import type { Round, Scenario } from './scenario.ts';
import { type Sink, startSink } from './sink.ts';

export interface RunResult {
  readonly seed: number;
  readonly kills: number;
  readonly uncertain: number;
  readonly violations: readonly string[];
}

/** Children of all runs: none outlives a suite that is itself interrupted. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const FAILPOINT = join(import.meta.dirname, 'failpoint.mjs');
/** No honest round takes longer: a process that does is reported, not waited for. */
const PATIENCE_MS = 20_000;
/** When a broken program is hunted for, one that hangs has shown itself sooner. */
const HUNTING_PATIENCE_MS = 6_000;
/** Memory where there is some: durability against power loss is SQLite's, durability against kills is ours. */
const SCRATCH = process.platform === 'linux' ? '/dev/shm' : tmpdir();

/** One run of the real program in child processes, judged by what the server received. */
export async function run(entry: string, scenario: Scenario, hunting = false): Promise<RunResult> {
  const workspace = mkdtempSync(join(SCRATCH, 'outreach-crash-'));
  const sink = await startSink(scenario.faultFor);
  const provider = await startMailProvider(scenario.httpFaultFor);
  const took = () => [...sink.received, ...provider.requests];
  const ai = scenario.writing === undefined ? undefined : await startAiServer(scenario.writing);
  const runner = new Runner(entry, workspace, hunting ? HUNTING_PATIENCE_MS : PATIENCE_MS);
  try {
    writeWorkspace(workspace, { sink, provider, ai }, scenario);
    await importAll(runner, scenario, took);
    sendOnEarlierDays(databaseOf(workspace), scenario);
    for (const round of scenario.rounds) await runner.round(round, databaseOf(workspace), scenario.dailyCap !== undefined);
    // A worker that lives for a moment, so that what is uncertain can be asked after.
    if (scenario.route.includes('resend')) await runner.finish(['worker', '--for', '1s'], {});
    await runner.settle(scenario);
    const verdict = judge(databaseOf(workspace), took(), ai?.calls, scenario);
    return {
      seed: scenario.seed,
      kills: runner.kills,
      uncertain: verdict.uncertain,
      violations: [...runner.complaints, ...verdict.violations],
    };
  } finally {
    runner.killAll();
    await sink.close();
    await provider.close();
    await ai?.close();
    rmSync(workspace, { recursive: true, force: true });
  }
}

function databaseOf(workspace: string): string {
  return join(workspace, '.outreach', 'outreach.db');
}

function writeWorkspace(
  workspace: string,
  { sink, provider, ai }: { sink: Sink; provider: MailProvider; ai: AiServer | undefined },
  { leads, dailyCap, warmUp, route }: Scenario,
): void {
  mkdirSync(join(workspace, 'campaigns'));
  const ramp = warmUp === undefined ? '' : `, daily_cap: 99, warmup: { start: ${warmUp.start}, step: 1 }`;
  const cap = dailyCap === undefined || warmUp !== undefined ? ramp : `, daily_cap: ${dailyCap}`;
  const ways = { smtp: `host: 127.0.0.1, port: ${sink.port}, security: none`, http: `base_url: "${provider.url}", api_key: "env:KEY"` };
  const senders = route.map(
    (type) => `  - { name: ${type}, type: ${type}, from: "Ana Ruiz <ana@ruiz.example>", ${type === 'smtp' ? ways.smtp : ways.http}${cap} }`,
  );
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
      ? `---\nsubject: "For {{ company }}"\nsenders: [${route.join(', ')}]\n---\nHi {{ first_name }},\n\n.one line that begins with a dot\n\nBest\n`
      : `---\ngenerator: ai\nsenders: [${route.join(', ')}]\n---\nAsk one question.\n`,
  );
  const rows = Array.from({ length: leads }, (_, index) => `lead${index}@company${index}.example,Lead ${index},Company ${index}`);
  writeFileSync(
    join(workspace, 'leads.csv'),
    `email,first_name,company\n${rows.join('\n')}\nnot-an-address,X,Y\nLEAD0@company0.example,Twice,Company 0\n`,
  );
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

interface Child {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

class Runner {
  readonly complaints: string[] = [];
  kills = 0;
  readonly #entry: string;
  readonly #patience: number;
  readonly #workspace: string;
  readonly #children = new Set<ChildProcess>();

  constructor(entry: string, workspace: string, patience: number) {
    this.#patience = patience;
    this.#entry = entry;
    this.#workspace = workspace;
  }

  async round(round: Round, database: string, capped: boolean): Promise<void> {
    const { end, sparePages } = round;
    const disk = sparePages === undefined ? {} : { CRASH_PAGES: String(Math.ceil(statSync(database).size / 4096) + sparePages) };
    const endless = sparePages !== undefined || capped || end.kind === 'pause';
    const mode = endless ? ['--for', end.kind === 'pause' ? '2s' : '1s'] : ['--until-done'];
    const workers = Array.from({ length: round.workers }, (_, index) => {
      const crash =
        index === 0 && 'at' in end ? { CRASH_AT: `${end.at}=${end.pass}`, CRASH_WITH: end.kind === 'kill' ? 'SIGKILL' : 'SIGSTOP' } : {};
      return this.#start(['worker', ...mode, '--concurrency', String(round.concurrency)], { ...disk, ...crash });
    });
    const [first] = workers;
    if (first === undefined) return;
    if (end.kind === 'signal') await this.#signalLater(first.child, end.signal, end.after);
    if (end.kind === 'freeze') await this.#freeze(workers);
    if (end.kind === 'pause') await this.#pauseWhileFrozen(first.child);
    for (const { ended } of workers) await ended;
    if (end.kind === 'kill' && first.child.signalCode === 'SIGKILL') this.kills++;
  }

  async #signalLater(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM', after: number): Promise<void> {
    await sleep(after);
    if (child.exitCode !== null || child.signalCode !== null) return;
    this.kills++;
    child.kill(signal);
  }

  /** The others finish what they can see; then the frozen one wakes among the changed facts. */
  async #freeze(workers: readonly Child[]): Promise<void> {
    const [first, ...others] = workers;
    if (first === undefined || !(await frozen(first.child))) return;
    await Promise.all([...others.map(({ ended }) => ended), sleep(1_700)]);
    this.kills++;
    first.child.kill('SIGCONT');
  }

  async #pauseWhileFrozen(child: ChildProcess): Promise<void> {
    if (!(await frozen(child))) return;
    await this.finish(['pause', '1'], {});
    this.kills++;
    child.kill('SIGCONT');
    await sleep(150);
    await this.finish(['resume', '1'], {});
  }

  /** A worker that nobody disturbs must bring everything to rest. */
  async settle({ dailyCap }: Scenario): Promise<void> {
    // Behind a full cap "until done" would rightly wait for tomorrow.
    const code = await this.finish(['worker', ...(dailyCap === undefined ? ['--until-done'] : ['--for', '2s'])], {});
    if (code !== 0 && code !== 3) this.complaints.push(`the last worker ended with ${code}`);
  }

  async finish(parameters: readonly string[], env: Record<string, string>): Promise<number | null> {
    const { child, ended } = this.#start(parameters, env);
    await ended;
    if (child.signalCode === 'SIGKILL' && env.CRASH_AT !== undefined) this.kills++;
    return child.exitCode;
  }

  killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  #start(parameters: readonly string[], env: Record<string, string>): Child {
    const preload = env.CRASH_AT === undefined ? [] : ['--import', FAILPOINT];
    const child = spawn(process.execPath, [...preload, this.#entry, ...parameters], {
      cwd: this.#workspace,
      env: { PATH: process.env.PATH, HOME: this.#workspace, KEY: 'secret', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#children.add(child);
    running.add(child);
    let talk = '';
    child.stderr?.on('data', (chunk: Buffer) => (talk += chunk.toString()));
    const ended = new Promise<void>((resolve) => {
      const late = setTimeout(() => {
        this.complaints.push(`${parameters.join(' ')} did not end within ${this.#patience / 1000} s: ${talk.slice(-600)}`);
        child.kill('SIGKILL');
      }, this.#patience);
      child.on('close', (code) => {
        clearTimeout(late);
        this.#children.delete(child);
        running.delete(child);
        // Pausing or resuming a job that is done already is refused, and rightly so.
        const refused = /is (completed|failed) already/.test(talk);
        if (/unexpected error/.test(talk) || (code === 1 && !refused))
          this.complaints.push(`${parameters.join(' ')} failed: ${talk.slice(-600)}`);
        resolve();
      });
    });
    return { child, ended };
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the process has stopped itself; false when it ended without. */
async function frozen(child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    if (stateOf(child.pid ?? 0) === 'T') return true;
    await sleep(20);
  }
  return false;
}

function stateOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.charAt(0);
    return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .charAt(0);
  } catch {
    return undefined;
  }
}
