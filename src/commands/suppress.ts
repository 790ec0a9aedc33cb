import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import type { App } from '../app/app.ts';
import { OutreachError } from '../domain/errors.ts';
import { oneLine } from '../domain/text.ts';
import type { SuppressDependencies, Wish } from '../pipeline/suppressPeople.ts';
import type { Store } from '../store/database.ts';
import type { SuppressionFilter } from '../store/suppressions.ts';
import { cell, iso, moment, number, plural } from '../terminal/output.ts';
import { type Context, command, sinceIn, sinceOption, type Use } from './context.ts';

const ACTIONS = ['add', 'remove', 'list', 'import', 'export', 'undo'] as const;

interface Options {
  readonly reason?: string;
  readonly source?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly since?: string;
  readonly dryRun?: boolean;
}

export function suppressCommand(use: Use): Command {
  return command('suppress', 'Keep addresses and whole domains that get no mail, whatever the campaign.', [
    'suppress add jane@northwind.example @competitor.example --reason unsubscribed',
    'suppress import bounces.csv',
    'suppress list --since 7d --reason bounce',
    'suppress export --out suppressed.csv',
    'suppress remove jane@northwind.example',
    'suppress undo --dry-run    # people whom an earlier version suppressed by a misread refusal',
  ])
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .argument('[who...]', 'addresses and domains; of import a CSV of any provider, or one address a line; - for standard input')
    .optionsGroup('Why and from where:')
    .option('--reason <text>', 'unsubscribed, complained, bounced, … (default: manual; of import what the file says); of list: part of it')
    .option('--source <text>', 'where you know it from (default: by hand; of import the name of the file)')
    .optionsGroup('Of export:')
    .option('--out <file>', 'a file instead of standard output')
    .option('--force', 'write over a file of that name')
    .optionsGroup('Of list and undo:')
    .addOption(sinceOption('made since'))
    .option('--dry-run', 'of undo: only tell')
    .action(use(suppressAction));
}

async function suppressAction(
  context: Context,
  action: (typeof ACTIONS)[number],
  who: readonly string[],
  options: Options,
): Promise<undefined> {
  checkUsage(action, who, options);
  const app = await context.app();
  const store = await (action === 'list' || action === 'export' ? app.openStore() : context.storeToWrite(app));
  switch (action) {
    case 'add':
      return add(context, await dependencies(app, store), who, options);
    case 'remove':
      return remove(context, await dependencies(app, store), who);
    case 'list':
      return list(context, store, { since: sinceIn(app, options.since), reason: options.reason });
    case 'undo':
      return undo(context, store, sinceIn(app, options.since), options);
    case 'import':
      return importFile(context, app, store, who[0] ?? '', options);
    case 'export':
      return exportList(context, store, options);
  }
}

function checkUsage(action: (typeof ACTIONS)[number], who: readonly string[], { reason, source, out, since, dryRun }: Options): void {
  const wrong = (what: string, example: string) => new OutreachError('usage', what, { hint: `For example: outreach suppress ${example}` });
  if ((action === 'add' || action === 'remove') && who.length === 0)
    throw wrong('say whom: addresses or domains', `${action} jane@northwind.example`);
  if (action === 'import' && who.length !== 1) throw wrong('name one file, or - for standard input', 'import bounces.csv');
  if ((action === 'list' || action === 'export' || action === 'undo') && who.length > 0)
    throw wrong(`${action} takes no addresses`, action);
  if (out !== undefined && action !== 'export') throw wrong('--out goes with export', 'export --out suppressed.csv');
  if (reason !== undefined && !['add', 'import', 'list'].includes(action))
    throw wrong('--reason goes with add, import and list', 'add jane@northwind.example --reason unsubscribed');
  if (source !== undefined && action !== 'add' && action !== 'import')
    throw wrong('--source goes with add and import', 'add jane@northwind.example --source "a call"');
  if (since !== undefined && action !== 'list' && action !== 'undo') throw wrong('--since goes with list and undo', 'list --since 7d');
  if (dryRun === true && action !== 'undo') throw wrong('--dry-run goes with undo', 'undo --dry-run');
}

async function dependencies({ workspace }: App, store: Store): Promise<SuppressDependencies> {
  const { forgottenHash } = await import('../app/people.ts');
  return { store, now: () => Date.now(), forgottenKey: forgottenHash(workspace) };
}

async function add({ output }: Context, deps: SuppressDependencies, who: readonly string[], options: Options): Promise<undefined> {
  const keys = await keysOf(who);
  const { suppressPeople } = await import('../pipeline/suppressPeople.ts');
  const reason = oneLine(options.reason ?? '') || 'manual';
  const source = oneLine(options.source ?? '') || 'by hand';
  // Of a bounce or complaint that a person tells, the sender of the last mail answers.
  const met: Wish['met'] = reason === 'bounced' || reason === 'complained' ? reason : undefined;
  const wishes = keys.map((key) => ({ key, reason, source, met }));
  const { ends, messages, warnings } = await suppressPeople(deps, wishes);
  const counted = (end: string) => ends.filter((other) => other === end).length;
  output.object({ added: counted('added'), known: counted('known'), forgotten: counted('forgotten'), messages });
  for (const [index, key] of keys.entries()) {
    const end = ends[index];
    if (end === 'added') output.line(`${nameOf(key)} gets no mail from now on.`);
    else
      output.line(
        `${nameOf(key)} ${end === 'known' ? 'was suppressed already; its first reason stays' : 'was forgotten, and gets no mail already'}.`,
      );
  }
  output.line(`${messages === 0 ? 'No mail was waiting for them' : `${plural(messages, 'waiting mail')} will not be sent`}.`);
  for (const warning of warnings) output.talk(warning);
  output.line('\nNext: outreach suppress list');
}

async function remove({ output }: Context, deps: SuppressDependencies, who: readonly string[]): Promise<undefined> {
  const keys = await keysOf(who);
  const { liftSuppression } = await import('../pipeline/suppressPeople.ts');
  let removed = 0;
  for (const key of keys) {
    const { lifted, domain } = await liftSuppression(deps, key);
    removed += Math.min(lifted.length, 1);
    output.line(lifted.length > 0 ? `${nameOf(key)} may get mail again.` : `${nameOf(key)} was not suppressed.`);
    if (domain !== undefined) output.line(`  All of ${domain} is still suppressed: outreach suppress remove ${domain}`);
  }
  output.object({ removed });
  output.line('Mails that were suppressed stay so; a new campaign can write to them.\n\nNext: outreach suppress list');
}

const ROWS_ON_TERMINAL = 50;
const PAGE = 500;

async function list({ output }: Context, { db }: Store, filter: SuppressionFilter): Promise<undefined> {
  const { suppressionPage } = await import('../store/suppressions.ts');
  const limit = output.terminal && !output.json ? ROWS_ON_TERMINAL : Infinity;
  const rows: string[][] = [];
  let shown = 0;
  for (let after = '', more = true; more && shown <= limit; ) {
    const page = await suppressionPage(db, after, PAGE, filter);
    for (const { email_key, reason, source, created_at } of page) {
      if (++shown > limit) break;
      const kind = kindOf(email_key);
      output.object({ who: kind === 'forgotten' ? null : email_key, kind, reason, source, created_at: iso(created_at) });
      if (!output.json) rows.push([nameOf(email_key, 40), cell(reason, 60), cell(source, 30), moment(created_at)]);
    }
    after = page.at(-1)?.email_key ?? after;
    more = page.length === PAGE;
  }
  if (rows.length === 0) output.line(filter.since === undefined && filter.reason === undefined ? 'Nobody is suppressed.' : 'Nobody.');
  else output.table(['WHO', 'REASON', 'SOURCE', 'SINCE'], rows, [], [0]);
  if (shown > limit) output.line(`Only the first ${limit}; all of them with --json, or: outreach suppress export`);
  output.line('\nNext: outreach suppress add ADDRESS    or    outreach suppress import FILE');
}

/** What an earlier version read as "no such mailbox", and was none. */
async function undo({ output }: Context, store: Store, since: number | undefined, { dryRun = false }: Options): Promise<undefined> {
  const { liftUnfounded, unfoundedSuppressions } = await import('../pipeline/undoSuppressions.ts');
  const found = await unfoundedSuppressions(store, since);
  const lifted = dryRun || found.length === 0 ? 0 : await liftUnfounded(store, found);
  const people = found.map(({ email_key, message, reply, created_at }) => ({
    who: email_key,
    message,
    reply,
    created_at: iso(created_at),
  }));
  output.object({ found: found.length, lifted, people });
  const shown = output.terminal ? found.slice(0, ROWS_ON_TERMINAL) : found;
  if (found.length > 0)
    output.table(
      ['WHO', 'MAIL', 'WHAT THE SERVER SAID'],
      shown.map(({ email_key, message, reply }) => [nameOf(email_key, 40), String(message), cell(reply, 90)]),
      [1],
      [0],
    );
  if (shown.length < found.length) output.line(`Only the first ${shown.length}; all of them with --json.`);
  if (found.length === 0) output.line('Every suppression after a bounce has its evidence.');
  else if (dryRun) output.line(`${plural(found.length, 'suppression')} without evidence.\n\nNext: outreach suppress undo`);
  else
    output.line(
      `${plural(lifted, 'suppression')} lifted.\n\nNext: outreach retry ${found
        .slice(0, 5)
        .map(({ message }) => message)
        .join(' ')}${found.length > 5 ? ' …' : ''}    sends their mails after all`,
    );
}

async function importFile(context: Context, app: App, store: Store, path: string, options: Options): Promise<undefined> {
  const { output, cwd } = context;
  const { spool } = await import('./spool.ts');
  const { openCsv } = await import('../csv/readRows.ts');
  const { importSuppressions } = await import('../pipeline/importSuppressions.ts');
  const { sleep } = await import('../app/app.ts');
  const { hasLiveWorker } = await import('../store/workers.ts');
  const at = resolve(cwd, path);
  if (path !== '-' && !existsSync(at))
    throw new OutreachError('input', `there is no file ${path}`, { hint: 'Give the path of a CSV file, or - for standard input.' });
  const file = path === '-' ? await spool(app.workspace) : { path: at, name: basename(at), remove: () => {} };
  const stop = new AbortController();
  const onSignal = () => {
    stop.abort();
    store.hurry();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const opened = await openCsv(file.path, file.name);
    const { tally, bad } = await importSuppressions(
      { ...(await dependencies(app, store)), stop: stop.signal, sleep, besideWorker: () => hasLiveWorker(store) },
      opened,
      { reason: options.reason, source: options.source },
    );
    output.object(tally);
    const counts: [string, number, string][] = [
      ['rows read', tally.rows, ''],
      ['added', tally.added, ''],
      ['known', tally.known, 'suppressed already'],
      ['forgotten', tally.forgotten, 'people who were forgotten get no mail already'],
      ['invalid', tally.invalid, 'no address and no domain'],
      ['spared', tally.spared, 'the file itself says that they may be mailed'],
      ['waiting mails', tally.messages, 'will not be sent'],
    ];
    const shown = counts.filter(([name, count]) => count > 0 || name === 'rows read' || name === 'added');
    output.table(
      ['', '', ''],
      shown.map(([name, count, note]) => [name, number(count), note]),
      [1],
    );
    for (const { line, reason } of bad) output.line(`  line ${line}: ${cell(reason, 100)}`);
    if (tally.invalid > bad.length) output.line(`  … and ${number(tally.invalid - bad.length)} more`);
    output.line('\nNext: outreach suppress list');
  } finally {
    file.remove();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function exportList(context: Context, { db }: Store, { out, force }: Options): Promise<undefined> {
  const { suppressionsCsv } = await import('../app/suppressionsCsv.ts');
  const { output, cwd } = context;
  const { text, rows, forgotten } = await suppressionsCsv(db);
  if (out !== undefined) (await import('../terminal/outFile.ts')).writeOutFile(resolve(cwd, out), text, { force });
  else if (!output.json) await output.data(text);
  output.object({ rows, forgotten, out: out === undefined ? null : resolve(cwd, out) });
  if (forgotten > 0)
    output.talk(
      `${plural(forgotten, 'forgotten person is', 'forgotten people are')} left out: all that is kept of them is a hash of this workspace.`,
    );
  if (out !== undefined)
    output.line(`${plural(rows, 'suppression')} written to ${out}.\n\nNext: outreach suppress import ${out}    (in another workspace)`);
}

/** All of them, or none: a slip in one is told before anything is changed. */
async function keysOf(who: readonly string[]): Promise<string[]> {
  const { parseWho } = await import('../domain/suppression.ts');
  return who.map((text) => {
    const parsed = parseWho(text);
    if (parsed.ok) return parsed.key;
    throw new OutreachError('usage', cell(parsed.reason, 200), {
      hint: 'Write jane@northwind.example, or @northwind.example for everybody there.',
    });
  });
}

function kindOf(key: string): 'address' | 'domain' | 'forgotten' {
  if (key.startsWith('@')) return 'domain';
  return key.includes('@') ? 'address' : 'forgotten';
}

function nameOf(key: string, width = 80): string {
  const kind = kindOf(key);
  if (kind === 'forgotten') return '(forgotten)';
  return kind === 'domain' ? `Everybody ${cell(key, width)}` : cell(key, width);
}
