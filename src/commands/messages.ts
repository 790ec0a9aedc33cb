import { type Command, Option } from 'commander';
import { MESSAGE_STATES, type MessageState } from '../domain/message.ts';
import { ListHash, shortHash } from '../domain/reviewHash.ts';
import { cell, iso, number, type Output } from '../terminal/output.ts';
import { type Context, command, keyOfAddress, type Use, wholeNumber } from './context.ts';
import { paint } from './status.ts';

interface Options {
  readonly job?: number;
  readonly state?: MessageState;
  readonly email?: string;
  readonly limit?: number;
}

const ROWS_ON_TERMINAL = 50;
const PAGE = 1_000;

export function messagesCommand(use: Use): Command {
  return command('messages', 'List mails and where each of them stands.', [
    'messages --state uncertain',
    'messages --job 3 --json',
    'messages --email grace@harbour.example',
  ])
    .addOption(new Option('--job <id>', 'of one job').argParser(wholeNumber('a job id')))
    .addOption(new Option('--state <state>', 'in one state').choices(MESSAGE_STATES))
    .option('--email <address>', 'to one address')
    .addOption(
      new Option('--limit <n>', 'at most this many (default: 50 on a terminal, else all)').argParser(wholeNumber('a number above 0')),
    )
    .action(use(messages));
}

async function messages(context: Context, options: Options): Promise<undefined> {
  const app = await context.app();
  const store = await app.openStore();
  const { db } = store;
  if (options.job !== undefined) await (await import('../pipeline/steerJob.ts')).requireJob(store, options.job);
  const { messagePage } = await import('../store/progress.ts');
  const { abandonedMails, whyAbandoned } = await import('../store/abandoned.ts');
  const abandoned = await abandonedMails(store);
  const { output } = context;
  const limit = options.limit ?? (output.terminal && !output.json ? ROWS_ON_TERMINAL : Infinity);
  const filter = { jobId: options.job, state: options.state, emailKey: await keyOfAddress(options.email) };
  // Of mails to one address there is no list that approve could be told of.
  const list = filter.state === 'review' && filter.emailKey === undefined ? new ListHash() : undefined;
  const rows: string[][] = [];
  let after = 0;
  let shown = 0;
  let more = false;
  while (!more) {
    const page = await messagePage(db, filter, after, Math.min(PAGE, limit - shown + 1));
    for (const message of page.slice(0, limit - shown)) {
      const { state_at, due_at, ...rest } = message;
      const left = abandoned.get(message.id);
      const reason = left === undefined ? message.reason : whyAbandoned(left);
      output.object({ ...rest, reason, due_at: iso(due_at), state_at: iso(state_at) });
      list?.add(message);
      if (!output.json)
        rows.push([
          String(message.id),
          String(message.job),
          cell(message.email, 36),
          list === undefined ? paint(output, message.state) : shortHash(message.hash ?? ''),
          cell(message.subject, 40),
          cell(reason, 60),
        ]);
      after = message.id;
    }
    shown += Math.min(page.length, limit - shown);
    more = page.length > 0 && shown >= limit;
    if (page.length === 0 || page.length < Math.min(PAGE, limit)) break;
  }
  if (rows.length === 0) output.line('No mails match.\n\nNext: outreach status');
  else output.table(['ID', 'JOB', 'TO', list === undefined ? 'STATE' : 'HASH', 'SUBJECT', 'REASON'], rows, [], [2, 3]);
  if (more && options.limit === undefined) output.line(`Only the first ${limit}; the rest with --limit N or --json.`);
  if (rows.length > 0) output.line('\nNext: outreach show ID');
  if (list !== undefined && list.length > 0) sayList(output, list, options.job);
}

/** How to approve what was listed: below the list, and beside the JSON. */
function sayList(output: Output, list: ListHash, job: number | undefined): void {
  const approve = `outreach approve ${job === undefined ? '--all' : `--job ${job}`} --list ${shortHash(list.digest())}`;
  const those = list.length === 1 ? 'this mail' : `these ${number(list.length)} mails`;
  const words = `Once you have read ${those}: ${approve}`;
  if (output.json) output.talk(words);
  else output.line(words);
}
