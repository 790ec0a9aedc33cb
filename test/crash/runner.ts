import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../../src/store/sqlite/load.ts';
import { BROKEN_VIEW, type Removal } from './companions.ts';
import { WITHOUT_KEYCHAIN } from './grants.ts';
import { commandsOf, type Intervention } from './person.ts';
import { laterThan, type Round, type Scenario, type Trouble } from './scenario.ts';

/** Children of all runs: none outlives a suite that is itself interrupted. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

/** A job that is done is not paused, a mail that may still arrive, or is no longer wanted, not sent again, and what a server said not judged. */
const RIGHTLY_REFUSED =
  /is (completed|failed|cancelled) already|may still be accepted until|only uncertain ones are resolved|so it is not sent again|known to be accepted by its server|was refused by its server after the verdict/;

/** A worker whose senders were stopped leaves mails behind, with exit code 1: a person looks after the senders first. */
const SENDER_STOPPED = /sender stopped|look after this sender/;
/** Each mail may be refused three times in a run, and three refusals stop a sender. */
const MOST_RESUMED = 12;

/** What a worker may rightly fail with when the disk or the database refuses: at its start, or because it cannot give back what it holds. */
const RIGHTLY_FAILED = /the disk is full|the disk reports an error|holds the database|could not be given back/;

const FAILPOINT = join(import.meta.dirname, 'failpoint.mjs');
const CLOCK = join(import.meta.dirname, 'clock.mjs');
/** Longer than the limit of an armed mail in this build, so that nothing of it may follow. */
const LONG_FROZEN_MS = 2_300;

interface Child {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

/** The program's own processes in one workspace: started, ended, frozen and woken. */
export class Runner {
  readonly complaints: string[] = [];
  kills = 0;
  /** The database had lost what was committed last and refused to send, until a person said who has their mail. */
  reconciled = false;
  readonly #entry: string;
  readonly #patience: number;
  readonly #workspace: string;
  readonly #children = new Set<ChildProcess>();
  readonly #took: () => readonly { readonly to: string; readonly taken: boolean }[];
  #clock: number | undefined;
  #brokenView = false;

  /** `took`: what the servers received so far. */
  constructor(entry: string, workspace: string, patience: number, took: () => readonly { readonly to: string; readonly taken: boolean }[]) {
    this.#took = took;
    this.#patience = patience;
    this.#entry = entry;
    this.#workspace = workspace;
  }

  async round(round: Round, database: string, capped: boolean): Promise<void> {
    const { end, sparePages, trouble } = round;
    const disk = {
      ...(sparePages === undefined ? {} : { CRASH_PAGES: String(Math.ceil(statSync(database).size / 4096) + sparePages) }),
      ...environmentOf(trouble),
    };
    const endless = sparePages !== undefined || capped || end.kind === 'pause';
    const mode = endless ? ['--for', end.kind === 'pause' ? '2s' : '1s'] : ['--until-done'];
    const workers = Array.from({ length: round.workers }, (_, index) => {
      const crash =
        index === 0 && 'at' in end ? { CRASH_AT: `${end.at}=${end.pass}`, CRASH_WITH: end.kind === 'kill' ? 'SIGKILL' : 'SIGSTOP' } : {};
      return this.#start(['worker', ...mode, '--concurrency', String(round.concurrency)], { ...disk, ...crash });
    });
    const [first] = workers;
    if (first === undefined) return;
    const held = trouble?.kind === 'held' ? hold(database, trouble.after, trouble.ms) : undefined;
    if (end.kind === 'signal') await this.#signalLater(first.child, end.signal, end.after);
    if (end.kind === 'freeze') await this.#freeze(workers);
    if (end.kind === 'pause') await this.#pauseWhileFrozen(first.child);
    if (end.kind === 'person') await this.#actWhileFrozen(workers, end, database);
    if (end.kind === 'clock') await this.#setClockWhileFrozen(workers, end.by);
    if (end.kind === 'companions') await this.#removeWhileFrozen(first, end, database);
    for (const { ended } of workers) await ended;
    await held;
    this.#judgeStopped(workers, database);
    if (end.kind === 'kill' && first.child.signalCode === 'SIGKILL') this.kills++;
  }

  /** A worker that has ended by itself, and does not say that it failed, holds no lead. */
  #judgeStopped(workers: readonly Child[], database: string): void {
    const db = connect(database, { readonly: true, fileMustExist: true, timeout: 1_000 });
    try {
      for (const { child } of workers) {
        if (child.exitCode !== 0 && child.exitCode !== 3) continue;
        const held = db
          .prepare('select state, count(*) as n from messages where worker_id in (select id from workers where pid = ?) group by state')
          .all(child.pid) as { state: string; n: number }[];
        for (const { state, n } of held)
          this.complaints.push(`a worker ended with ${child.exitCode} and still holds ${n} mails as ${state}`);
      }
    } finally {
      db.close();
    }
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

  /** What the first holds has been taken from it when the person acts, and what was asked is done when it wakes. */
  async #actWhileFrozen(workers: readonly Child[], { acts, reload, wakesFirst }: Intervention, database: string): Promise<void> {
    const [first, ...others] = workers;
    if (first === undefined || !(await frozen(first.child))) return;
    await Promise.all([...others.map(({ ended }) => ended), sleep(LONG_FROZEN_MS)]);
    for (const act of acts) for (const command of commandsOf(act, database)) await this.finish(command, {});
    const work = () => this.finish(['worker', '--until-done'], {});
    if (!wakesFirst) await work();
    this.kills++;
    if (reload) first.child.kill('SIGHUP');
    first.child.kill('SIGCONT');
    if (wakesFirst) await work();
  }

  /** The first wakes at another time of day, and all go on for a moment; the rounds behind them live later than either. */
  async #setClockWhileFrozen(workers: readonly Child[], by: number): Promise<void> {
    const [first] = workers;
    if (first !== undefined && (await frozen(first.child))) {
      this.setClock(by);
      await sleep(LONG_FROZEN_MS);
      this.kills++;
      first.child.kill('SIGCONT');
      await sleep(700);
    }
    for (const { child } of workers) child.kill('SIGTERM');
    await Promise.all(workers.map(({ ended }) => ended));
    this.setClock(laterThan(by));
  }

  /** The other one works, or says why not; then the first wakes among files that are no longer its own. */
  async #removeWhileFrozen({ child, ended }: Child, { files, first }: Removal, database: string): Promise<void> {
    if (!(await frozen(child))) return;
    for (const suffix of files) rmSync(`${database}${suffix}`);
    this.#brokenView = true;
    await this.finish(['worker', '--for', '1s'], {});
    this.kills++;
    if (first === 'is killed') child.kill('SIGKILL');
    child.kill('SIGCONT');
    await ended;
    this.#brokenView = false;
    await this.#reconcileIfRefused();
  }

  /** A database that misses mails says so and sends nothing. A person then names who has their mail. */
  async #reconcileIfRefused(): Promise<void> {
    if ((await this.finish(['worker', '--for', '1s'], {})) !== 2) return;
    this.reconciled = true;
    const people = this.#took().flatMap(({ to, taken }) => (taken ? [to] : []));
    writeFileSync(join(this.#workspace, 'sent.csv'), `email\n${people.join('\n')}\n`);
    // A list of nobody is refused: it may be the wrong file.
    await this.finish(['reconcile', ...(people.length === 0 ? [] : ['--sent', 'sent.csv']), '--yes'], {});
    await this.finish(['resume', '1'], {});
  }

  /** Milliseconds that the clock on the wall of all processes is ahead. */
  setClock(by: number): void {
    this.#clock ??= openSync(join(this.#workspace, 'clock'), 'w');
    writeSync(this.#clock, new Float64Array([by]), 0, 8, 0);
  }

  /** A worker that nobody disturbs must bring everything to rest; a person resumes a sender that was refused too often. */
  async settle({ dailyCap }: Scenario, database: string): Promise<void> {
    for (let resumed = 0; ; resumed++) {
      // Behind a full cap "until done" would rightly wait for tomorrow.
      const code = await this.finish(['worker', ...(dailyCap === undefined ? ['--until-done'] : ['--for', '2s'])], {});
      const stopped = stoppedSenders(database);
      if (stopped.length === 0 || resumed === MOST_RESUMED) {
        if (code !== 0 && code !== 3) this.complaints.push(`the last worker ended with ${code}`);
        return;
      }
      for (const name of stopped) await this.finish(['senders', 'resume', name], {});
    }
  }

  async finish(parameters: readonly string[], env: Record<string, string>): Promise<number | null> {
    const { child, ended } = this.#start(parameters, env);
    await ended;
    if (child.signalCode === 'SIGKILL' && env.CRASH_AT !== undefined) this.kills++;
    return child.exitCode;
  }

  end(): void {
    if (this.#clock !== undefined) closeSync(this.#clock);
    for (const child of this.#children) child.kill('SIGKILL');
  }

  #start(parameters: readonly string[], env: Record<string, string>): Child {
    const preload = [
      ...(env.CRASH_AT === undefined ? [] : ['--import', FAILPOINT]),
      ...(this.#clock === undefined ? [] : ['--import', CLOCK]),
    ];
    const child = spawn(process.execPath, [...preload, this.#entry, ...parameters], {
      cwd: this.#workspace,
      env: {
        PATH: process.env.PATH,
        HOME: this.#workspace,
        KEY: 'canary-client-secret-0123',
        ...WITHOUT_KEYCHAIN,
        CRASH_CLOCK: join(this.#workspace, 'clock'),
        ...env,
      },
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
        const troubled = env.CRASH_PAGES !== undefined || env.CRASH_COMMITS !== undefined || env.CRASH_PATIENCE !== undefined;
        const refused =
          RIGHTLY_REFUSED.test(talk) ||
          SENDER_STOPPED.test(talk) ||
          (troubled && RIGHTLY_FAILED.test(talk)) ||
          (this.#brokenView && BROKEN_VIEW.test(talk));
        if (/unexpected error/.test(talk) || (code === 1 && !refused))
          this.complaints.push(`${parameters.join(' ')} failed: ${talk.slice(-600)}`);
        resolve();
      });
    });
    return { child, ended };
  }
}

function environmentOf(trouble: Trouble | undefined): Record<string, string> {
  if (trouble === undefined) return {};
  if (trouble.kind === 'held') return { CRASH_PATIENCE: '250' };
  return { CRASH_COMMITS: `${trouble.kind},${trouble.from},${trouble.percent}` };
}

/** Holds the database as another program does that is in the middle of its transaction. */
async function hold(database: string, after: number, ms: number): Promise<void> {
  await sleep(after);
  const db = connect(database, { fileMustExist: true, timeout: 1_000 });
  try {
    db.exec('begin immediate');
    await sleep(ms);
    db.exec('rollback');
  } finally {
    db.close();
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

function stoppedSenders(path: string): string[] {
  const db = connect(path, { fileMustExist: true, readonly: true });
  try {
    return (db.prepare('select name from senders where stopped_at is not null').all() as { name: string }[]).map(({ name }) => name);
  } finally {
    db.close();
  }
}
