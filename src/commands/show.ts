import type { Command } from 'commander';
import { formatUsd, NANO_PER_USD } from '../domain/aiCost.ts';
import type { AttachedFile } from '../domain/attachment.ts';
import { OutreachError } from '../domain/errors.ts';
import { shortHash } from '../domain/reviewHash.ts';
import { blockForTerminal, forTerminal } from '../domain/text.ts';
import type { RetryBar } from '../pipeline/retryMessages.ts';
import type { MessageStory } from '../store/progress.ts';
import type { Db } from '../store/schema.ts';
import { fileLines, filesAsJson } from '../terminal/attached.ts';
import { storedNames } from '../terminal/mailHead.ts';
import { cell, iso, moment, type Output, plural } from '../terminal/output.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';
import { paint } from './status.ts';

export function showCommand(use: Use): Command {
  return command('show', 'Tell the story of one mail, try by try.', [
    'show 42',
    'show 49a3999c-0ce1-4ea6-ab68-afcd6dc2e794    # by what stands in a mail: its Message-ID, X-Outreach-Id or opt-out token',
  ])
    .argument('<id>', 'message id, or what names the mail in its headers')
    .action(use(show));
}

async function show(context: Context, id: string): Promise<undefined> {
  const app = await context.app();
  const { db, locks } = await app.openStore();
  const { messageStory } = await import('../store/progress.ts');
  const { abandonedMails, whyAbandoned } = await import('../store/abandoned.ts');
  const number = await numberOf(db, id);
  const told = number === undefined ? undefined : await messageStory(db, number);
  if (told === undefined) throw new OutreachError('not_found', `there is no message ${id}`, { hint: 'See them with: outreach messages' });
  const left = (await abandonedMails({ db, locks })).get(told.summary.id);
  const story = left === undefined ? told : { ...told, summary: { ...told.summary, reason: whyAbandoned(left) } };
  context.output.object(asJson(story));
  if (context.output.json) return;
  const { retryBar } = await import('../pipeline/retryMessages.ts');
  const { verdictLines } = await import('./verdictLines.ts');
  const bar = story.summary.state === 'failed' ? await retryBar(db, story.summary.id, Date.now()) : undefined;
  print(context.output, story, bar, verdictLines(app.config.senders, story));
}

/** `<REFERENCE@ruiz.example>`, `REFERENCE` and the token `REFERENCE.MAC` name a mail as well as its number does. */
async function numberOf(db: Db, id: string): Promise<number | undefined> {
  const [reference] = /^<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=$|[@.])/i.exec(id)?.slice(1) ?? [];
  if (reference === undefined) return wholeNumber('a message id')(id);
  const { messageOfReference } = await import('../store/progress.ts');
  return messageOfReference(db, reference.toLowerCase());
}

/** The story as one object; its fields are part of the program's contract. */
export function asJson({ summary, draft, author, attempts, events }: MessageStory): object {
  const { state_at, due_at, attempts: _, ...message } = summary;
  return {
    ...message,
    due_at: iso(due_at),
    state_at: iso(state_at),
    text: draft?.text ?? null,
    html: draft?.html ?? null,
    attachments: filesAsJson(filesOf(draft)),
    written_by:
      author === undefined
        ? null
        : { ...author, costNano: undefined, cost_usd: author.costNano === null ? null : author.costNano / NANO_PER_USD },
    attempts: attempts.map(({ sender, provider, started_at, armed_at, finished_at, outcome, code, reply, sha256, progress }) => ({
      sender,
      provider,
      started_at: iso(started_at),
      armed_at: iso(armed_at),
      finished_at: iso(finished_at),
      outcome,
      code,
      reply,
      sha256,
      progress,
    })),
    events: events.map(({ at, kind, detail, actor }) => ({ at: iso(at), kind, detail, actor })),
  };
}

/** `verdict`: what there is to know for who has to say what became of it, or has said so. */
function print(
  output: Output,
  { summary, draft, author, attempts, events }: MessageStory,
  bar: RetryBar | undefined,
  verdict: readonly string[],
): void {
  const { colour } = output;
  output.line(
    `Message ${summary.id} to ${cell(summary.email)}: ${paint(output, summary.state)}${summary.reason === null ? '' : `, ${cell(summary.reason, 200)}`}`,
  );
  output.line(
    colour.dim(
      `campaign ${summary.campaign}, job ${summary.job}, step ${summary.step}${summary.message_id === null ? '' : `, Message-ID ${summary.message_id}`}`,
    ),
  );
  if (author !== undefined) {
    const cost = author.costNano === null ? 'price unknown' : formatUsd(author.costNano);
    output.line(colour.dim(`written by ${author.model} at ${author.provider}, ${plural(author.calls, 'call')}, ${cost}`));
  }
  if (draft !== undefined) {
    const names = storedNames(draft.addressing);
    if (names !== undefined) output.line(colour.dim(names));
    output.line(`\n${colour.bold(forTerminal(draft.subject))}`);
    output.line(
      blockForTerminal(draft.text)
        .trimEnd()
        .replace(/^(?=.)/gm, '  '),
    );
    for (const line of fileLines(filesOf(draft))) output.line(line);
    if (summary.state === 'review')
      output.line(colour.dim(`\nhash ${shortHash(summary.hash ?? '')}: approve this draft, and no other, by it`));
  }
  output.line(`${draft === undefined ? '' : '\n'}${colour.bold('What happened')}`);
  const told = [
    ...events.map(({ at, kind, detail, actor }) => ({ at, words: eventWords(kind, detail, actor) })),
    ...attempts.flatMap((attempt, index) => attemptWords(attempt, index + 1)),
  ].sort((a, b) => a.at - b.at);
  if (told.length === 0) output.line('  nothing yet: it waits to be written');
  else
    output.table(
      ['', ''],
      told.map(({ at, words }) => [`  ${moment(at)}`, words]),
    );
  if (summary.state === 'ready') output.line(`  due ${moment(summary.due_at)}`);
  for (const line of verdict) output.line(line);
  output.line(`\nNext: ${bar === undefined ? nextStep(summary, draft !== undefined, author !== undefined) : barred(bar, summary.job)}`);
}

/** What there is to see instead of a retry that would do nothing. */
export function barred(bar: RetryBar, job: number): string {
  switch (bar) {
    case 'suppressed':
      return 'outreach suppress list    (its address is there: no retry)';
    case 'cancelled':
      return `outreach jobs ${job}    (it is cancelled: no retry)`;
    case 'on_its_way':
      return `outreach jobs ${job}    (its last try may still be accepted: no retry yet)`;
    case 'sent_already':
      return `outreach jobs ${job}    (it has left, by the list given to reconcile: no retry)`;
  }
}

function filesOf(draft: MessageStory['draft']): AttachedFile[] {
  return JSON.parse(draft?.attachments ?? '[]') as AttachedFile[];
}

/** Why a mail is armed just then; over HTTP because the connection stands. */
const READY_FOR_IT: Readonly<Record<string, string>> = {
  smtp: 'the server asked for the mail',
  outbox: 'its file is written',
};

function attemptWords(attempt: MessageStory['attempts'][number], number: number): { at: number; words: string }[] {
  const words = [{ at: attempt.started_at, words: `try ${number} by ${attempt.sender} (${attempt.provider}) began` }];
  if (attempt.armed_at !== null)
    words.push({
      at: attempt.armed_at,
      words: `try ${number} armed: ${READY_FOR_IT[attempt.provider] ?? 'its provider is connected'}, and from here on it may be accepted`,
    });
  if (attempt.finished_at !== null)
    words.push({
      at: attempt.finished_at,
      words: `try ${number} ended: ${(attempt.outcome ?? '').replaceAll('_', ' ')}, ${cell(attempt.reply, 160)}`,
    });
  return words;
}

function eventWords(kind: string, detail: string | null, actor: string | null): string {
  return `${kind}${actor === null ? '' : ` by ${cell(actor)}`}${detail === null ? '' : `: ${cell(detail, 160)}`}`;
}

function nextStep({ state, id, email, hash }: MessageStory['summary'], drafted: boolean, byModel: boolean): string {
  if (state === 'uncertain') return `outreach resolve ${id} --sent|--not-sent|--resend    or    outreach resolve --from LOG`;
  if (state === 'review' && !drafted && byModel) return `outreach generate --lead ${cell(email)} --again    or    outreach reject ${id}`;
  if (state === 'review' && !drafted)
    return `mend the lead and import it again with --update; where a file was missing: outreach generate --lead ${cell(email)} --again; or outreach reject ${id}`;
  if (state === 'review') return `outreach approve ${id}@${shortHash(hash ?? '')}    or    outreach reject ${id}`;
  if (state === 'failed') return `outreach retry ${id}`;
  return 'outreach status';
}
