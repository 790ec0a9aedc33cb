import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { type App, openApp } from '../app/app.ts';
import { admit, readingOnly } from '../config/trust.ts';
import { findWorkspace, type Surroundings, type Workspace } from '../config/workspace.ts';
import { OutreachError } from '../domain/errors.ts';
import { parseSince } from '../domain/since.ts';
import { writeNothing, writesNothing } from '../files/readOnly.ts';
import type { Recovered } from '../pipeline/recoverMessages.ts';
import type { Store } from '../store/database.ts';
import { canRedraw, showsColour, speaksUnicode } from '../terminal/abilities.ts';
import { Output, tellTimesIn } from '../terminal/output.ts';
import { formatTable } from '../terminal/table.ts';

/** What every command is given. */
export interface Context extends Surroundings {
  readonly output: Output;
  readonly workspaceFlag: string | undefined;
  /** Absolute; its variables are read already. */
  readonly envFile: string | undefined;
  /** The workspace, if it may be used. */
  workspace(): Workspace;
  /** Opens the workspace; closed when the command ends. */
  app(choice?: { workspace?: Workspace }): Promise<App>;
  /** The database, for a command that writes: what a worker that is gone still holds is taken over first. */
  storeToWrite(app?: App): Promise<Store>;
}

/** A command's work; resolves to an exit code, or to nothing for success. */
export type Run<Arguments extends unknown[]> = (context: Context, ...parameters: Arguments) => Promise<number | undefined>;

/** How the command tree runs a command: `cli/main.ts` supplies it. */
export type Use = <Arguments extends unknown[]>(run: Run<Arguments>) => (...parameters: [...Arguments, Command]) => Promise<void>;

export interface GlobalOptions {
  readonly workspace?: string;
  readonly json?: boolean;
  readonly color: boolean;
  readonly envFile?: string;
  readonly verbose?: boolean;
}

/** A command with its one line of purpose and its examples. */
export function command(usage: string, purpose: string, examples: readonly string[]): Command {
  return new Command(usage.split(' ')[0])
    .summary(purpose)
    .description(purpose)
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ outreach ${example}`).join('\n')}`);
}

export function openContext(
  options: GlobalOptions,
  surroundings: Surroundings,
  reads = false,
): { context: Context; close: () => Promise<void> } {
  const { env } = surroundings;
  const colour = options.color && showsColour(env);
  const output = new Output({
    json: options.json === true,
    colour,
    unicode: speaksUnicode(env),
    redraws: canRedraw(env),
    stdout: process.stdout,
    stderr: process.stderr,
    formatTable,
  });
  const apps: App[] = [];
  let workspace: Workspace | undefined;
  const context: Context = {
    ...surroundings,
    output,
    workspaceFlag: options.workspace,
    envFile: options.envFile === undefined ? undefined : resolve(surroundings.cwd, options.envFile),
    workspace() {
      workspace ??= enterWorkspace(options, surroundings, { output, reads });
      return workspace;
    },
    async app({ workspace = context.workspace() } = {}) {
      const listener = { waits: (sentence: string) => output.talk(`Waiting: ${sentence}.`), over: () => {} };
      const app = await openApp(workspace, { listener });
      apps.push(app);
      tellTimesIn(app.config.identity.timezone);
      return app;
    },
    async storeToWrite(app) {
      const store = await (app ?? (await context.app())).openStore();
      // Of a dry run nothing is kept.
      if (writesNothing()) return store;
      const { takeOver } = await import('../app/takeOver.ts');
      const taken = await takeOver(store, env);
      if (taken !== undefined) output.talk(`Taken over from a worker that is gone: ${takenWords(taken)}.`);
      return store;
    },
  };
  return {
    context,
    async close() {
      for (const app of apps) await app.close();
    },
  };
}

/** `--dry-run` and `--print` change nothing, wherever they stand. */
export interface Rehearsing {
  readonly dryRun?: boolean;
  readonly print?: boolean;
}

/** Commands that only look, so that root may use them in another user's workspace; what they follow or watch would not move there. */
const READERS = new Set(['status', 'stats', 'plan', 'why', 'campaigns', 'jobs', 'messages', 'show', 'log', 'cost', 'config']);

/** Whether a command only looks; one that rehearses is kept from writing from here on. */
export function isReading(
  names: readonly string[],
  options: Rehearsing & { readonly watch?: boolean; readonly follow?: boolean },
): boolean {
  if (options.dryRun === true || options.print === true) {
    writeNothing('--dry-run and --print change nothing', 'Run the same command without it.');
    return true;
  }
  const [name = '', action] = names;
  return (READERS.has(name) && options.watch !== true && options.follow !== true) || (name === 'service' && action === 'status');
}

function enterWorkspace(
  { workspace: flag }: GlobalOptions,
  surroundings: Surroundings,
  { output, reads }: { readonly output: Output; readonly reads: boolean },
): Workspace {
  const found = findWorkspace(flag, surroundings);
  const { workspace, by } = found;
  if (admit(found, surroundings) === 'reading') {
    const { sentence, hint } = readingOnly(workspace);
    if (!reads) throw new OutreachError('refused', sentence, { hint });
    writeNothing(sentence, hint);
  }
  if (by === 'upward') output.talk(`Workspace: ${workspace.root} (found above this folder)`);
  return workspace;
}

/** By the states that they are in again. */
function takenWords(taken: Recovered): string {
  return Object.entries(taken)
    .flatMap(([state, n]) => (n > 0 ? [`${n} ${state}`] : []))
    .join(', ');
}

export function wholeNumber(what: string): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number > 0 && Number.isSafeInteger(number)) return number;
    throw new OutreachError('usage', `${value} is not ${what}`);
  };
}

const TIMES = '2h, 7d, today, yesterday, 2026-11-24 or 2026-11-24T09:30';

/** `--since`: a moment as a person says it; `sinceIn` reads it when the workspace's zone is known. */
export function sinceOption(purpose: string): Option {
  return new Option('--since <time>', `${purpose}: ${TIMES}`);
}

/** Epoch milliseconds; undefined when nothing was asked. */
export function sinceIn(app: App, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const now = Date.now();
  const at = parseSince(text, app.pace.timezone, now);
  if (at === undefined) throw new OutreachError('usage', `--since ${text} is no time: write ${TIMES}`);
  if (at > now) throw new OutreachError('usage', `--since ${text} is still to come`);
  return at;
}

/** The form in which addresses are compared: an umlaut domain is found however it is written. */
export async function keyOfAddress(email: string | undefined): Promise<string | undefined> {
  if (email === undefined) return undefined;
  const { parseAddress } = await import('../domain/address.ts');
  const check = parseAddress(email);
  return check.ok ? check.address.key : email.trim().toLowerCase();
}

/** The options of every command that works on a choice of messages. */
export function withSelection(selecting: Command, ids = 'message ids'): Command {
  return selecting
    .argument('[ids...]', ids)
    .addOption(new Option('--job <id>', 'every one of this job').argParser(wholeNumber('a job id')).conflicts('all'))
    .addOption(new Option('--all', 'every one there is'));
}

export interface SelectionOptions {
  readonly job?: number;
  readonly all?: boolean;
}

/** Exactly one way of choosing: ids, a job, or all where the command has it. `state` is what can be chosen. */
export function selectionOf(
  ids: readonly string[],
  options: SelectionOptions,
  state: 'review' | 'failed' = 'review',
): { ids?: number[]; jobId?: number } {
  const all = state === 'review' ? 'ids, --job ID or --all' : 'ids or --job ID';
  const ways = [ids.length > 0, options.job !== undefined, options.all === true].filter(Boolean).length;
  if (ways !== 1)
    throw new OutreachError('usage', ways === 0 ? `say which messages: ${all}` : `say which messages in one way only: ${all}`, {
      hint: `See them with: outreach messages --state ${state}`,
    });
  if (ids.length > 0) return { ids: ids.map(wholeNumber('a message id')) };
  return options.job === undefined ? {} : { jobId: options.job };
}
