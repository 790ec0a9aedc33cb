import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { actorName } from '../app/actor.ts';
import { matchLog } from '../app/logVerdicts.ts';
import { OutreachError } from '../domain/errors.ts';
import { asTyped, oneLine } from '../domain/text.ts';
import type { LogMatch } from '../pipeline/matchLog.ts';
import { type Ruled, type Ruling, resolveMessages } from '../pipeline/resolveMessage.ts';
import { cell, moment, type Output, plural } from '../terminal/output.ts';
import { askFirst } from './askFirst.ts';
import type { Context } from './context.ts';

/** `resolve --from FILE`: lists which uncertain mails the file tells of and what would be recorded, asks, and records it. */
export async function resolveFrom(
  context: Context,
  path: string,
  asked: 'sent' | 'not_sent' | undefined,
  yes: boolean,
): Promise<undefined> {
  const { output, cwd } = context;
  const at = resolve(cwd, path);
  if (path !== '-' && !existsSync(at))
    throw new OutreachError('input', `there is no file ${path}`, {
      hint: 'Give the path of a CSV file or a log, or - for standard input.',
    });
  const app = await context.app();
  const store = await context.storeToWrite(app);
  const { spool } = await import('./spool.ts');
  const file = path === '-' ? await spool(app.workspace) : { path: at, name: basename(at), remove: () => {} };
  try {
    const matcher = await matchLog(store.db, file.path, file.name, app.pace.timezone);
    const matches = matcher.matches(asked);
    const rulings = matches.flatMap((match) => rulingOf(match, file.name));
    list(output, matches, matcher.rows);
    if (rulings.length === 0) {
      asObjects(output, matches, []);
      if (matches.length > 0) output.line('\nNothing is recorded.\n\nNext: outreach messages --state uncertain');
      return;
    }
    const flag = asked === undefined ? [] : [asked === 'sent' ? '--sent' : '--not-sent'];
    const instead = asTyped(['outreach', 'resolve', '--from', path, ...flag, '--yes']);
    const isSure =
      yes || (await askFirst(context, `Record this for ${plural(rulings.length, 'mail')}?`, instead).catch((error: unknown) => error));
    if (isSure !== true) {
      asObjects(output, matches, []);
      if (isSure !== false) throw isSure;
      output.talk('Nothing is changed.');
      return;
    }
    const ruled = await resolveMessages(store, rulings, { actor: actorName(), now: Date.now });
    asObjects(output, matches, ruled);
    tellRecorded(output, matches, ruled);
  } finally {
    file.remove();
  }
}

function rulingOf({ mail, verdict, line, says }: LogMatch, file: string): Ruling[] {
  const source = `by ${oneLine(file).slice(0, 80)}, line ${line}${says === '' ? '' : `: ${says}`}`.slice(0, 300);
  return verdict === null ? [] : [{ id: mail.id, verdict, source, seen: 'uncertain' }];
}

/** What the file tells, before anything is recorded. */
function list(output: Output, matches: readonly LogMatch[], rows: number): void {
  if (matches.length === 0) {
    output.line(`None of its ${plural(rows, 'row')} is about a mail that is uncertain.\n\nNext: outreach messages --state uncertain`);
    return;
  }
  output.table(
    ['ID', 'TO', 'TRIED AT', 'BY', 'LINE', 'ITS ROWS SAY', 'RECORD'],
    matches.map(({ mail, by, line, says, verdict }) => [
      String(mail.id),
      cell(mail.email, 40),
      moment(mail.left_at),
      by === 'message_id' ? 'Message-ID' : 'address, time',
      String(line),
      cell(says, 60),
      verdict === null ? 'nothing' : verdict.replace('_', ' '),
    ]),
    [0, 4],
    [6],
  );
  for (const { mail, left } of matches) if (left !== null) output.line(`Message ${mail.id} stays uncertain: ${left}.`);
}

/** `ruled`: what was recorded; a match that nobody confirmed stands as it is. */
function asObjects(output: Output, matches: readonly LogMatch[], ruled: readonly Ruled[]): void {
  if (!output.json) return;
  const ends = new Map(ruled.map((end) => [end.id, end]));
  for (const { mail, by, line, says, verdict, left } of matches) {
    const end = ends.get(mail.id);
    const why = left ?? (end === undefined ? 'not confirmed' : end.left);
    output.object({ id: mail.id, state: end?.state ?? 'uncertain', left: why, verdict, by, line, says });
  }
}

const MOST_NAMED = 5;

function tellRecorded(output: Output, matches: readonly LogMatch[], ruled: readonly Ruled[]): void {
  for (const { id, left } of ruled) if (left !== null) output.line(`Message ${id} was left: it ${cell(left, 200)}.`);
  const done = new Set(ruled.filter(({ left }) => left === null).map(({ id }) => id));
  output.line(`\n${plural(done.size, 'mail')} resolved.`);
  const returned = matches.filter(({ mail, cameBack }) => cameBack && done.has(mail.id)).map(({ mail }) => mail.email);
  if (returned.length > 0)
    output.line(
      `${plural(returned.length, 'mail')} came back. Where the mailbox does not exist: ${asTyped(['outreach', 'suppress', 'add', ...returned.slice(0, MOST_NAMED), '--reason', 'bounced'])}${returned.length > MOST_NAMED ? ' …' : ''}`,
    );
  output.line('\nNext: outreach status');
}
