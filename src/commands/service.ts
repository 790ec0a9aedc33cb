import { existsSync } from 'node:fs';
import { Argument, type Command, Option } from 'commander';
import type { Service, ServiceChoice, ServiceReport } from '../app/service.ts';
import { SERVICE_KINDS, type ServiceKind, type Undone } from '../app/serviceKeepers.ts';
import { OutreachError } from '../domain/errors.ts';
import { cell, moment, type Output } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

interface Options {
  readonly system?: boolean;
  readonly kind?: ServiceKind;
  readonly name?: string;
  readonly print?: boolean;
  readonly credential?: readonly string[];
  readonly user?: string;
}

export function serviceCommand(use: Use): Command {
  return command('service', 'Keep a worker running by itself: as a service of systemd or launchd, or by cron.', [
    'service install --print    # what would be written; changes nothing',
    'service install --env-file .env',
    'service install --kind cron --print',
    'service status',
    'service remove',
  ])
    .addArgument(new Argument('<action>', 'what to do').choices(['install', 'status', 'remove']))
    .optionsGroup('Which service:')
    .addOption(new Option('--kind <kind>', 'who keeps it (default: this platform’s own)').choices(SERVICE_KINDS))
    .option('--system', 'of the whole machine, as root (default: your own)')
    .option('--name <name>', 'what it is called (default: outreach- and the name of the workspace’s folder)')
    .optionsGroup('To install:')
    .option('--print', 'print what would be written, and change nothing')
    .option('--credential <name=file>', 'systemd gives the worker this file as credential:NAME; once for each', all)
    .option('--user <account>', 'whom a system service runs as (default: the workspace’s owner)')
    .action(use(service));
}

async function service(context: Context, action: 'install' | 'status' | 'remove', options: Options): Promise<number | undefined> {
  if (action !== 'install' && (options.print === true || options.credential !== undefined || options.user !== undefined))
    throw new OutreachError('usage', '--print, --credential and --user go with: outreach service install');
  const { systemTool } = await import('../app/systemTools.ts');
  const choice: ServiceChoice = {
    workspace: context.workspace(),
    surroundings: context,
    tool: systemTool(context.env),
    system: options.system === true,
    kind: options.kind,
    name: options.name,
  };
  if (action === 'install') return install(context, choice, options);
  const { installedService } = await import('../app/service.ts');
  const found = installedService(choice);
  return action === 'status' ? status(context, found, choice.system) : remove(context, found, choice.system);
}

async function install(context: Context, choice: ServiceChoice, options: Options): Promise<number> {
  const { output } = context;
  // A worker whose settings do not hold would begin again and again.
  const { config } = await context.app();
  const { installService, orderOf, secretsUnseen, serviceOf } = await import('../app/service.ts');
  const made = serviceOf(choice);
  const order = orderOf(choice, made, {
    program: process.argv[1] ?? 'outreach',
    envFile: context.envFile,
    credentials: options.credential ?? [],
    account: options.user,
  });
  const unseen = secretsUnseen(config, made, order);
  const { keeper } = made;
  if (options.print === true) {
    const text = keeper.textOf(order);
    output.object({ ...headOf(made, choice.system), text, unseen });
    output.line(text.trimEnd());
    output.talk(`\nFor ${keeper.place}; nothing was changed.`);
    for (const sentence of unseen) output.talk(`Mind: ${sentence}`);
    return 0;
  }
  const undone = await installService(made, order, choice.workspace);
  output.object({
    ...headOf(made, choice.system),
    started: undone === undefined,
    trouble: undone?.reason ?? null,
    commands: undone?.commands ?? [],
    unseen,
  });
  output.line(`${made.name}: ${keeper.place}`);
  for (const sentence of unseen) output.talk(`Mind: ${sentence}`);
  if (undone !== undefined) return byHand(output, undone);
  const { loginName } = await import('../app/actor.ts');
  const lingers = made.kind !== 'systemd' || choice.system || existsSync(`/var/lib/systemd/linger/${loginName()}`);
  if (!lingers) output.line('It runs while you are logged in; beyond that: loginctl enable-linger');
  output.line(`\nNext: outreach service status${flagsOf(choice)}    (what it says: ${keeper.follow})`);
  return 0;
}

async function status(context: Context, found: Service, system: boolean): Promise<undefined> {
  const { output } = context;
  const app = await context.app();
  const { reportService } = await import('../app/service.ts');
  const report = await reportService(found, await app.openStore());
  const { installed, enabled, running, pid, words, workers } = report;
  output.object({ ...headOf(found, system), installed, enabled, running, pid, state: words, workers });
  output.line(`${found.name}, ${found.kind}${system ? ' of the machine' : ''}: ${cell(found.keeper.place, 200)}\n`);
  output.table(
    ['', ''],
    [
      ['installed', yesOrNo(installed)],
      ...(installed
        ? [
            ['enabled', yesOrNo(enabled)],
            ['running', runningNow(report)],
          ]
        : []),
      ['workers', workersOf(workers)],
    ],
  );
  output.line(`\nNext: ${nextAfter(found, report)}`);
}

async function remove({ output }: Context, found: Service, system: boolean): Promise<number> {
  const { removeService } = await import('../app/service.ts');
  const { removed, undone } = await removeService(found);
  output.object({ ...headOf(found, system), removed, trouble: undone?.reason ?? null, commands: undone?.commands ?? [] });
  if (!removed) {
    output.line(`There is no service ${found.name} (${found.keeper.place}); nothing was changed.\n\nNext: outreach service install`);
    return 0;
  }
  output.line(`${found.name} is gone from ${found.keeper.place}.`);
  if (undone !== undefined) return byHand(output, undone);
  output.line('\nNext: outreach worker    (by hand), or: outreach service install');
  return 0;
}

/** The program could not do it; a person can. */
function byHand(output: Output, { reason, commands }: Undone): number {
  output.talk(`outreach: ${cell(reason, 400)}`);
  output.line(`\nNext: ${commands.join('\n      ')}`);
  return 1;
}

function headOf({ kind, name, keeper }: Service, system: boolean) {
  return { name, kind, system, file: keeper.place };
}

function nextAfter({ keeper }: Service, { installed, running, workers }: ServiceReport): string {
  if (!installed) return 'outreach service install';
  return running === true || workers.some(({ alive }) => alive) ? 'outreach status' : `${keeper.follow}    (what it said)`;
}

function runningNow({ running, pid, words }: ServiceReport): string {
  const said = cell(words, 100);
  if (running === null) return said;
  return running && pid !== null ? `yes, process ${pid}: ${said}` : `no: ${said}`;
}

function workersOf(workers: ServiceReport['workers']): string {
  const alive = workers.filter((worker) => worker.alive);
  if (alive.length === 0) return 'none runs on this database';
  return alive.map(({ pid, started_at }) => `process ${pid} since ${moment(Date.parse(started_at))}`).join(', ');
}

function yesOrNo(answer: boolean | null): string {
  if (answer === null) return 'unknown';
  return answer ? 'yes' : 'no';
}

function flagsOf({ system, kind, name }: ServiceChoice): string {
  return `${system ? ' --system' : ''}${kind === undefined ? '' : ` --kind ${kind}`}${name === undefined ? '' : ` --name ${name}`}`;
}

function all(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
