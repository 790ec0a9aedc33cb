import { type Command, Option } from 'commander';
import type { LogEntry, LogFilter } from '../store/log.ts';
import { cell, type Output, stamp } from '../terminal/output.ts';
import { type Context, command, keyOfAddress, sinceIn, sinceOption, type Use, wholeNumber } from './context.ts';

interface Options {
  readonly follow?: boolean;
  readonly job?: number;
  readonly email?: string;
  readonly since?: string;
  readonly limit?: number;
}

const LINES_ON_TERMINAL = 50;
const LINES_BEFORE_FOLLOWING = 10;

export function logCommand(use: Use): Command {
  return command('log', 'Tell what happened, mail by mail: written, sent, refused, bounced, decided. The newest is last.', [
    'log',
    'log --follow',
    'log --email grace@harbour.example',
    'log --job 3 --since yesterday --json',
  ])
    .optionsGroup('What to show:')
    .option('-f, --follow', 'go on with each thing as it happens, until Ctrl-C')
    .addOption(new Option('--job <id>', 'of one job').argParser(wholeNumber('a job id')))
    .option('--email <address>', 'of mails to one address')
    .addOption(sinceOption('what happened since'))
    .addOption(
      new Option(
        '--limit <n>',
        `the newest of them (default: ${LINES_ON_TERMINAL} on a terminal, ${LINES_BEFORE_FOLLOWING} before following; else, and with --since, all)`,
      ).argParser(wholeNumber('a number above 0')),
    )
    .action(use(log));
}

async function log(context: Context, options: Options): Promise<undefined> {
  const { output } = context;
  const app = await context.app();
  const store = await app.openStore();
  if (options.job !== undefined) await (await import('../pipeline/steerJob.ts')).requireJob(store, options.job);
  const { readLog, followLog } = await import('../app/followLog.ts');
  const { eventRow } = await import('../app/exportRows.ts');
  const filter: LogFilter = { jobId: options.job, emailKey: await keyOfAddress(options.email), since: sinceIn(app, options.since) };
  const limit = limitOf(options, output);
  const line = lineWriter(output);
  const print = async (entries: readonly LogEntry[]) =>
    output.data(entries.map((entry) => (output.json ? `${output.jsonOf(eventRow(entry))}\n` : line(entry))).join(''));
  if (options.follow === true) {
    // Its own connection sees when the file is locked or replaced; this one would only keep the old file open.
    await store.close();
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
    output.talk('Following what happens; Ctrl-C ends it.');
    for await (const entries of followLog(store.path, filter, limit, { signal: stop.signal, say: (trouble) => output.talk(trouble) }))
      await print(entries);
    return;
  }
  let shown = 0;
  // One more than is shown by default tells whether there are more.
  for await (const entries of readLog(store.db, filter, options.limit === undefined ? limit + 1 : limit)) {
    await print(shown === 0 && entries.length > limit ? entries.slice(1) : entries);
    shown += entries.length;
  }
  if (shown === 0) output.line('Nothing has happened yet, or nothing that matches.\n\nNext: outreach status');
  else {
    if (shown > limit && options.limit === undefined) output.line(`\nOnly the newest ${limit}; more with --limit N or --since TIME.`);
    output.line('\nNext: outreach show ID    or    outreach log --follow');
  }
}

function limitOf({ limit, since, follow }: Options, { terminal, json }: Output): number {
  if (limit !== undefined || since !== undefined) return limit ?? Infinity;
  if (follow === true) return LINES_BEFORE_FOLLOWING;
  return terminal && !json ? LINES_ON_TERMINAL : Infinity;
}

/** The longest kind: `recipient refused`. */
const KIND = 17;
const GOOD = ['accepted', 'approved'];
const GRAVE = ['uncertain', 'recipient refused', 'content refused', 'sender refused', 'bounced', 'complained'];
const NOTABLE = [
  'held',
  'voided',
  'suppressed',
  'rejected',
  'cancelled',
  'recovered',
  'temporary',
  'throttled',
  'sender failed',
  'not armed',
];

/** On a terminal a day is a title and lines are cut to its width; elsewhere each line stands for itself, to be searched. */
function lineWriter(output: Output): (entry: LogEntry) => string {
  const { colour, terminal, columns } = output;
  let day = '';
  return (entry) => {
    const [date = '', clock = ''] = stamp(entry.at).split(' ');
    const title = terminal && date !== day ? `${day === '' ? '' : '\n'}${colour.bold(date)}\n` : '';
    day = date;
    const kind = entry.kind.replaceAll('_', ' ');
    const before = `${terminal ? clock : `${date} ${clock}`}  ${String(entry.message).padStart(6)}  `;
    const words = `${cell(entry.email, 254)}${wordsOf(entry)}`;
    const shown = columns !== undefined ? cell(words, Math.max(20, columns - before.length - KIND - 2)) : words;
    return `${title}${before}${painted(colour, kind)}${' '.repeat(Math.max(0, KIND - kind.length))}  ${shown}\n`;
  };
}

function wordsOf({ sender, detail }: LogEntry): string {
  const by = sender === null ? '' : `  ${cell(sender)}`;
  return detail === null ? by : `${by}${by === '' ? '  ' : ': '}${cell(detail, 400)}`;
}

function painted(colour: Output['colour'], kind: string): string {
  if (GOOD.includes(kind)) return colour.green(kind);
  if (GRAVE.includes(kind)) return colour.red(kind);
  return NOTABLE.includes(kind) ? colour.yellow(kind) : kind;
}
