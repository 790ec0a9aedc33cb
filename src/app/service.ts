import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Config } from '../config/config.ts';
import { prepareData, type Surroundings, type Workspace } from '../config/workspace.ts';
import { OutreachError } from '../domain/errors.ts';
import { parseReference, SECRET_NAME } from '../domain/secretReference.ts';
import { readTextFile } from '../files/readFile.ts';
import type { Store } from '../store/database.ts';
import { isAlive } from '../store/sqlite/lock.ts';
import { unstoppedWorkers } from '../store/workers.ts';
import { loginsOf } from './logins.ts';
import { keeperOf, type ServiceKeeper, type ServiceKind, type ServiceState, type Undone } from './serviceKeepers.ts';
import type { ServiceOrder } from './serviceUnits.ts';
import type { SystemTool } from './systemTools.ts';

export interface ServiceChoice {
  readonly workspace: Workspace;
  readonly surroundings: Surroundings;
  readonly tool: SystemTool;
  readonly system: boolean;
  /** Undefined: the platform's own. */
  readonly kind: ServiceKind | undefined;
  /** Undefined: named after the workspace's folder. */
  readonly name: string | undefined;
}

export interface OrderChoice {
  readonly program: string;
  readonly envFile: string | undefined;
  /** `NAME=PATH` */
  readonly credentials: readonly string[];
  readonly account: string | undefined;
}

/** A service of this workspace, whether it is installed or not. */
export interface Service {
  readonly kind: ServiceKind;
  readonly name: string;
  readonly keeper: ServiceKeeper;
}

export interface ServiceReport extends ServiceState {
  readonly installed: boolean;
  readonly workers: readonly { readonly pid: number; readonly mode: string; readonly alive: boolean; readonly started_at: string }[];
}

/** Settings that a shell may have and a service would miss; none is a secret. */
const CARRIED = ['OUTREACH_STATE', 'OUTREACH_MACHINE_ID', 'OUTREACH_LOG', 'XDG_STATE_HOME'];

/** The service of that kind. */
export function serviceOf(choice: ServiceChoice, kind = choice.kind ?? kindHere(choice.surroundings.platform)): Service {
  const { workspace, surroundings, system, tool } = choice;
  const name = choice.name ?? nameOf(workspace.root);
  if (!/^[A-Za-z0-9][\w-]{0,60}$/.test(name)) throw new OutreachError('usage', `--name ${name}: letters, digits, - and _ only, 61 at most`);
  return {
    kind,
    name,
    keeper: keeperOf(kind, { name, system, workspace: workspace.root, log: logOf(workspace), tool, env: surroundings.env }),
  };
}

/** The one that is installed; where none is, or a kind was asked for, that of `serviceOf`. */
export function installedService(choice: ServiceChoice): Service {
  const service = serviceOf(choice);
  if (choice.kind !== undefined || isInstalled(service)) return service;
  const byCron = serviceOf(choice, 'cron');
  try {
    return isInstalled(byCron) ? byCron : service;
  } catch (error) {
    // Most machines with another kind have no crontab at all.
    if (error instanceof OutreachError) return service;
    throw error;
  }
}

/** Checks what it is given, and says what runs where. */
export function orderOf({ workspace, surroundings, system, tool }: ServiceChoice, service: Service, choice: OrderChoice): ServiceOrder {
  const { cwd, env } = surroundings;
  if (choice.credentials.length > 0 && service.kind !== 'systemd') {
    throw new OutreachError(
      'usage',
      `--credential is systemd's; for ${service.kind} keep secrets in a file: --env-file FILE, or outreach login NAME --file`,
    );
  }
  if (choice.account !== undefined && !system) throw new OutreachError('usage', '--user goes with --system; another service is your own');
  const carried = CARRIED.flatMap((name) => (env[name] ? [[name, name.endsWith('STATE') ? resolve(cwd, env[name]) : env[name]]] : []));
  const order: ServiceOrder = {
    name: service.name,
    workspace: workspace.root,
    node: process.execPath,
    program: resolve(cwd, choice.program),
    envFile: choice.envFile,
    environment: Object.fromEntries(carried) as Record<string, string>,
    credentials: choice.credentials.map((written) => credentialOf(written, cwd)),
    account: system ? (choice.account ?? ownerOf(workspace.root, tool)) : undefined,
    log: logOf(workspace),
  };
  refuseControls(order);
  return order;
}

/** Writes the service down and starts it; what could not be started is returned. */
export async function installService(service: Service, order: ServiceOrder, workspace: Workspace): Promise<Undone | undefined> {
  const { keeper, name } = service;
  const present = keeper.present();
  if (present !== undefined && !present.includes(keeper.mark)) throw anothers(service);
  // Where cron and launchd write what the worker says; a system's is not root's to make.
  if (order.account === undefined) prepareData(workspace);
  keeper.write(keeper.textOf(order));
  const undone = await keeper.begin();
  return undone === undefined ? undefined : { ...undone, reason: `${name} is written, but not started: ${undone.reason}` };
}

/** Ends the service and takes away all of it; false when there was none. */
export async function removeService(service: Service): Promise<{ readonly removed: boolean; readonly undone: Undone | undefined }> {
  const { keeper, name } = service;
  const present = keeper.present();
  if (present === undefined) return { removed: false, undone: undefined };
  if (!present.includes(keeper.mark)) throw anothers(service);
  const undone = await keeper.end();
  keeper.erase();
  return {
    removed: true,
    undone: undone === undefined ? undefined : { ...undone, reason: `${name} is removed, but may still run: ${undone.reason}` },
  };
}

export async function reportService({ keeper }: Service, store: Store): Promise<ServiceReport> {
  const present = keeper.present();
  const installed = present?.includes(keeper.mark) === true;
  const state = installed ? keeper.state() : { enabled: false, running: false, pid: null, words: 'not installed' };
  const workers = (await unstoppedWorkers(store.db)).map(({ id, pid, mode, started_at }) => ({
    pid,
    mode,
    alive: isAlive(store.locks, id),
    started_at: new Date(started_at).toISOString(),
  }));
  return { ...state, installed, workers };
}

/** Secrets that outreach.yaml asks for and this service will not find, each as a sentence. */
export function secretsUnseen(config: Config, { kind }: Service, order: ServiceOrder): string[] {
  const inFile = order.envFile === undefined ? {} : parseEnv(readTextFile(order.envFile));
  const keys = config.senders.flatMap((sender) => (sender.type === 'smtp' && sender.dkim !== undefined ? [sender.dkim.key] : []));
  const asked = new Set([...loginsOf(config).flatMap(({ reference }) => reference ?? []), ...keys]);
  return [...asked].flatMap((reference) => {
    const { kind: place, name } = parseReference(reference) ?? {};
    if (place === 'env' && name !== undefined && !Object.hasOwn(inFile, name) && order.environment[name] === undefined)
      return [`a service does not see ${name} of your shell: write it to a file and add --env-file FILE`];
    if (place === 'credential' && !order.credentials.some((given) => given.name === name))
      return [`${reference} is given to no one: add --credential ${name}=FILE`];
    if (place === 'keychain' && (kind === 'cron' || order.account !== undefined))
      return [
        `${reference}: ${kind === 'cron' ? 'cron' : 'a system service'} has no keychain as a rule; outreach login ${name} --file works`,
      ];
    return [];
  });
}

function isInstalled({ keeper }: Service): boolean {
  return keeper.present()?.includes(keeper.mark) === true;
}

function kindHere(platform: NodeJS.Platform): ServiceKind {
  if (platform === 'linux') return 'systemd';
  if (platform === 'darwin') return 'launchd';
  if (platform !== 'win32') return 'cron';
  throw new OutreachError('usage', 'Windows services are not made; let the Task Scheduler start `outreach worker --for 1h` every hour', {
    hint: 'The text for another machine: outreach service install --kind systemd --print',
  });
}

/** `outreach-acme` for …/acme. */
function nameOf(root: string): string {
  const slug = basename(root)
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|(?<!-)-+$/g, '')
    .slice(0, 50);
  return slug === '' || slug === 'outreach' ? 'outreach' : `outreach-${slug}`;
}

function logOf({ data }: Workspace): string {
  return join(data, 'worker.log');
}

function credentialOf(written: string, cwd: string): { name: string; path: string } {
  const at = written.indexOf('=');
  const [name, path] = [written.slice(0, at), resolve(cwd, written.slice(at + 1))];
  // What was written may be the secret itself.
  if (at < 1 || !SECRET_NAME.test(name) || at === written.length - 1)
    throw new OutreachError('usage', '--credential wants NAME=FILE, the file that holds the secret');
  if (!existsSync(path)) throw new OutreachError('usage', `--credential ${name}: there is no file ${path}`);
  return { name, path };
}

/** systemd takes a number for a name; launchd and cron do not, and nearly every machine has `id`. */
function ownerOf(root: string, tool: SystemTool): string {
  const { uid } = statSync(root);
  const { code, stdout } = tool('id', ['-nu', String(uid)]);
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : String(uid);
}

/** No unit, property list or crontab can hold them. */
function refuseControls({ workspace, node, program, envFile, environment, credentials, account, log }: ServiceOrder): void {
  const given = [
    workspace,
    node,
    program,
    envFile ?? '',
    account ?? '',
    log,
    ...Object.values(environment),
    ...credentials.map(({ path }) => path),
  ];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const bad = given.find((text) => /[\x00-\x1f\x7f]/.test(text));
  if (bad !== undefined)
    throw new OutreachError('usage', `${JSON.stringify(bad)} holds a control character, which no service can be given`);
  if (account !== undefined && !/^[A-Za-z0-9_][\w.@-]*\$?$/.test(account))
    throw new OutreachError('usage', `--user ${account} is no account's name`);
}

function anothers({ keeper, name }: Service): OutreachError {
  return new OutreachError('refused', `${keeper.place} holds a service ${name} that is not this workspace's`, {
    hint: 'Give this one another name: --name outreach-NAME',
  });
}
