import type { Command } from 'commander';
import type { ForgottenPerson } from '../app/forget.ts';
import { OutreachError } from '../domain/errors.ts';
import { canAsk } from '../terminal/abilities.ts';
import { cell, type Output, plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

export function forgetCommand(use: Use): Command {
  return command('forget', 'Erase every copy of a person for good, and keep a hash so that they are never mailed again.', [
    'forget jane@northwind.example --yes',
    'forget jane@northwind.example --yes --json',
  ])
    .argument('<email>', 'their address')
    .option('--yes', 'do not ask first; needed where there is no terminal')
    .action(use(forgetOne));
}

async function forgetOne(context: Context, email: string, options: { yes?: boolean }): Promise<undefined> {
  const { output } = context;
  const key = await addressKey(email);
  const app = await context.app();
  if (options.yes !== true && !(await sure(context, key))) {
    output.talk('Nothing is changed.');
    return;
  }
  const { forget } = await import('../app/forget.ts');
  const erased = await forget(app, await context.storeToWrite(app), key, context.env);
  output.object(erased);
  print(output, key, erased);
}

/** The form in which addresses are compared. */
export async function addressKey(email: string): Promise<string> {
  const { parseAddress } = await import('../domain/address.ts');
  const check = parseAddress(email);
  if (check.ok) return check.address.key;
  throw new OutreachError('usage', cell(check.reason, 200), { hint: 'Write the whole address: jane@northwind.example' });
}

async function sure({ output, env }: Context, key: string): Promise<boolean> {
  if (!canAsk(env, process.stdin) || !output.stderrIsTerminal) {
    throw new OutreachError('usage', `forget ${key} erases for good, so it asks, and here is no terminal to ask on`, {
      hint: 'Add --yes.',
    });
  }
  const { confirm } = await import('../terminal/confirm.ts');
  return confirm(`Erase all that is held of ${cell(key)}? It cannot be undone.`, process.stdin, process.stderr);
}

function print(output: Output, key: string, erased: ForgottenPerson): void {
  const { leads, messages, drafts, generations, rejected_rows, outbox_mails, other_files } = erased;
  const gone = [
    leads > 0 && `${plural(leads, 'lead')} with ${plural(messages, 'mail')}: address, fields, replies and reasons`,
    drafts > 0 && plural(drafts, 'text'),
    generations > 0 && `${plural(generations, 'text')} of a model`,
    rejected_rows > 0 && `${plural(rejected_rows, 'row')} of rejects files`,
    outbox_mails > 0 && `${plural(outbox_mails, 'mail')} in the outbox`,
    other_files > 0 && `${plural(other_files, 'older copy', 'older copies')} of the database or of an import`,
  ].filter((what) => what !== false);
  if (gone.length === 0) output.line(`Nothing was held of ${cell(key)}.`);
  else output.line(`Erased of ${cell(key)}:\n${gone.map((what) => `  ${what}`).join('\n')}`);
  output.line('A hash stays, which only this workspace can compare: when their address comes in another CSV, they get no mail.');
  output.line(
    '\nNot within reach, and yours to delete: the CSV they came in, what your mail server, provider and mailbox keep, mails of `outreach test`, logs that your system keeps, backups and reports.',
  );
  if (!erased.scrubbed)
    output.talk(
      'A program that reads the database keeps pages from before in its log: run it again when no worker is busy, and they go too.',
    );
  output.line('\nNext: outreach status');
}
