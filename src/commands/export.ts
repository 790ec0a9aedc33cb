import { resolve } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import type { App } from '../app/app.ts';
import { OutreachError } from '../domain/errors.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../domain/exportFormat.ts';
import { MESSAGE_STATES, type MessageState } from '../domain/message.ts';
import type { Store } from '../store/database.ts';
import { cell, iso, number, plural } from '../terminal/output.ts';
import { type Context, command, sinceIn, sinceOption, type Use, wholeNumber } from './context.ts';
import { addressKey } from './forget.ts';
import { asJson } from './show.ts';

const LISTS = ['messages', 'prospects', 'events'] as const;

interface Options {
  readonly format?: ExportFormat;
  readonly campaign?: string;
  readonly job?: number;
  readonly state?: MessageState;
  readonly since?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly raw?: boolean;
}

export function exportCommand(use: Use): Command {
  return command('export', 'Hand over mails, leads or what happened to another program, or one person all that is held of them.', [
    'export messages --out mails.csv',
    'export prospects --campaign hello --format json',
    'export events --since 7d --format ndjson',
    'export person jane@northwind.example --out jane.json',
  ])
    .addArgument(new Argument('<what>', 'what to export').choices([...LISTS, 'person']))
    .argument('[email]', 'of person: their address')
    .optionsGroup('What to export:')
    .option('--campaign <name>', 'of one campaign')
    .addOption(new Option('--job <id>', 'of one job').argParser(wholeNumber('a job id')))
    .addOption(new Option('--state <state>', 'whose mail is in this state').choices(MESSAGE_STATES))
    .addOption(sinceOption('changed, or happened, since'))
    .optionsGroup('How to write it:')
    .addOption(new Option('--format <format>', 'default: as the name of --out ends, else csv').choices(EXPORT_FORMATS))
    .option('--out <file>', 'a file instead of standard output; it stands there when it is whole')
    .option('--force', 'write over a file of that name')
    .option('--raw', 'of csv: leave cells as they are that a spreadsheet takes for formulas')
    .action(use(exportAction));
}

async function exportAction(
  context: Context,
  what: (typeof LISTS)[number] | 'person',
  email: string | undefined,
  options: Options,
): Promise<undefined> {
  if (what !== 'person') {
    if (email !== undefined)
      throw new OutreachError('usage', `export ${what} takes no address`, {
        hint: `For one person: outreach export person ${cell(email)}`,
      });
    return exportList(context, what, options);
  }
  if (email === undefined)
    throw new OutreachError('usage', 'say whose: an address', { hint: 'For example: outreach export person jane@northwind.example' });
  const { format, campaign, job, state, since, raw } = options;
  if ([format, campaign, job, state, since, raw].some((option) => option !== undefined))
    throw new OutreachError('usage', 'export person gives all of one person, as JSON: of the options only --out and --force go with it');
  return exportPerson(context, email, options);
}

async function exportList(context: Context, what: (typeof LISTS)[number], options: Options): Promise<undefined> {
  const { output } = context;
  const format = formatOf(options, output.json);
  const app = await context.app();
  const store = await app.openStore();
  const { filterOf, exportRows } = await import('../app/exportRows.ts');
  const request = {
    what,
    format,
    filter: await filterOf(store, { ...options, since: sinceIn(app, options.since) }),
    raw: options.raw === true,
    onTerminal: options.out === undefined && output.terminal,
  };
  const { copyOut } = await import('../app/exportOut.ts');
  const path = options.out === undefined ? undefined : resolve(context.cwd, options.out);
  const rows = await copyOut(exportRows(store.db, request), { path, force: options.force, output });
  if (path === undefined) output.talk(`${plural(rows, 'row')}\n\nNext: outreach export ${what} --out FILE    (or into a pipe)`);
  else {
    output.object({ out: path, format, rows });
    output.line(
      `${plural(rows, 'row')} written to ${cell(path, 200)}.\n\nNext: ${number(rows) === '0' ? 'outreach status' : 'open it; other formats with --format'}`,
    );
  }
}

/** With --json standard output holds JSON, so a list is an object a line as everywhere. */
function formatOf({ format, out }: Options, json: boolean): ExportFormat {
  if (json && out === undefined) {
    if (format === 'csv') throw new OutreachError('usage', '--json and --format csv contradict each other: leave one of them out');
    return format ?? 'ndjson';
  }
  const ending = out?.split('.').at(-1)?.toLowerCase().replace('jsonl', 'ndjson');
  return format ?? EXPORT_FORMATS.find((known) => known === ending) ?? 'csv';
}

async function exportPerson(context: Context, email: string, { out, force }: Options): Promise<undefined> {
  const { output, cwd } = context;
  const key = await addressKey(email);
  const app = await context.app();
  const person = await personRecord(app, await app.openStore(), key);
  const held = `${plural(person.leads.length, 'lead')}, ${plural(person.leads.flatMap(({ messages }) => messages).length, 'mail')}`;
  if (out === undefined) {
    output.object(person);
    output.line(output.jsonOf(person, 2));
    output.talk(`${held}\n\nNext: outreach export person ${cell(key)} --out FILE    or    outreach forget ${cell(key)}`);
    return;
  }
  const path = resolve(cwd, out);
  (await import('../terminal/outFile.ts')).writeOutFile(path, `${JSON.stringify(person, null, 2)}\n`, { force });
  output.object({ out: path, leads: person.leads.length });
  output.line(`${held} written to ${cell(path, 200)}.\n\nNext: outreach forget ${cell(key)}    (if they ask for that too)`);
}

async function personRecord(app: App, { db }: Store, key: string) {
  const { domainKey } = await import('../domain/address.ts');
  const { leadsOf, messagesOfLead } = await import('../store/people.ts');
  const { anyForgotten, suppressionsAmong } = await import('../store/suppressions.ts');
  const { forgottenHash } = await import('../app/people.ts');
  const { personFiles, rejectedRows } = await import('../app/personFiles.ts');
  const hash = (await anyForgotten(db)) ? [forgottenHash(app.workspace)(key)] : [];
  const suppressions = await suppressionsAmong(db, [key, domainKey(key), ...hash]);
  const files = await personFiles(app, key);
  const leads = [];
  for (const { id, fields, created_at, updated_at, ...lead } of await leadsOf(db, key)) {
    const messages = [];
    for (const message of await messagesOfLead(db, id)) messages.push(await messageRecord(db, message));
    leads.push({ ...lead, fields: JSON.parse(fields) as object, created_at: iso(created_at), updated_at: iso(updated_at), messages });
  }
  return {
    email: key,
    exported_at: iso(Date.now()),
    leads,
    suppressions: suppressions.map(({ email_key, reason, source, created_at }) => ({
      of: email_key,
      reason,
      source,
      since: iso(created_at),
    })),
    rejected_rows: await rejectedRows(files.rejects, key),
    outbox_mails: files.mails,
  };
}

async function messageRecord(db: Store['db'], id: number): Promise<object> {
  const { messageStory } = await import('../store/progress.ts');
  const { generationOf } = await import('../store/generations.ts');
  const story = await messageStory(db, id);
  const generation = await generationOf(db, id);
  const { verdict, subject, body, reply, reason, created_at } = generation ?? {};
  return {
    ...(story === undefined ? {} : asJson(story)),
    generation: generation === undefined ? null : { verdict, subject, body, reply, reason, created_at: iso(created_at ?? null) },
  };
}
