import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import type { App } from '../app/app.ts';
import type { Store } from '../store/database.ts';
import { cell, iso, plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';
import { addressKey } from './forget.ts';
import { asJson } from './show.ts';

export function exportCommand(use: Use): Command {
  return command('export', 'Give a person all that is held of them, as JSON.', [
    'export person jane@northwind.example',
    'export person jane@northwind.example --out jane.json',
  ])
    .addArgument(new Argument('<what>', 'what to export').choices(['person']))
    .argument('<email>', 'their address')
    .option('--out <file>', 'a file instead of standard output')
    .option('--force', 'write over a file of that name')
    .action(use(exportPerson));
}

async function exportPerson(
  context: Context,
  _what: 'person',
  email: string,
  { out, force }: { out?: string; force?: boolean },
): Promise<undefined> {
  const { output, cwd } = context;
  const key = await addressKey(email);
  const app = await context.app();
  const person = await personRecord(app, await app.openStore(), key);
  const held = `${plural(person.leads.length, 'lead')}, ${plural(person.leads.flatMap(({ messages }) => messages).length, 'mail')}`;
  if (out === undefined) {
    output.object(person);
    output.line(JSON.stringify(person, null, 2));
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
