import type { App } from '../app/app.ts';
import type { AttachedFile } from '../domain/attachment.ts';
import { blockForTerminal } from '../domain/text.ts';
import type { MailAddressing } from '../mail/mailer.ts';
import { type Approval, approveMessages } from '../pipeline/approveMessages.ts';
import type { Store } from '../store/database.ts';
import { type MessageStory, messageStory } from '../store/progress.ts';
import { askKey } from '../terminal/askKey.ts';
import { fileLines } from '../terminal/attached.ts';
import { fill, wrap } from '../terminal/columns.ts';
import { cell, number, type Output } from '../terminal/output.ts';

/** A measure that is read with ease. */
const MEASURE = 100;
const ANSWERS = ['yes', 'not now', 'no', 'skip', 'quit'] as const;

export interface Asked extends Omit<Approval, 'voided'> {
  readonly left: readonly number[];
  readonly interrupted: boolean;
}

interface Desk {
  readonly output: Output;
  readonly store: Store;
  readonly actor: string;
  /** Compares the campaigns with their files once more: they may be edited while a person reads. */
  refresh(): Promise<unknown>;
}

/** Shows mail by mail and asks. What a person says yes to is the very draft that stands before them. */
export async function askApproval(output: Output, app: App, store: Store, ids: readonly number[], actor: string): Promise<Asked> {
  const { refreshCampaigns } = await import('../app/campaigns.ts');
  const desk: Desk = { output, store, actor, refresh: () => refreshCampaigns(app, store) };
  const counts = { approved: 0, without_draft: 0, changed: 0 };
  const left: number[] = [];
  let interrupted = false;
  for (const [index, id] of ids.entries()) {
    const end = await askOne(desk, id, `${number(index + 1)} of ${number(ids.length)}`);
    if (end === 'approved' || end === 'without_draft') counts[end]++;
    else if (end === 'not now') left.push(id);
    if (end !== 'quit' && end !== 'interrupted') continue;
    left.push(...ids.slice(index));
    interrupted = end === 'interrupted';
    break;
  }
  output.line();
  return { ...counts, left, interrupted };
}

type End = 'approved' | 'without_draft' | 'gone' | 'not now' | 'quit' | 'interrupted';

async function askOne(desk: Desk, id: number, place: string): Promise<End> {
  const { output, store, actor } = desk;
  for (;;) {
    const story = await messageStory(store.db, id);
    if (story === undefined || story.summary.state !== 'review') {
      output.line(output.colour.yellow(`Message ${id} does not wait for you any more: it is ${story?.summary.state ?? 'gone'}.`));
      return 'gone';
    }
    print(output, story, place);
    if (story.draft === undefined) return 'without_draft';
    const answer = await askKey(`Approve message ${id}? [y]es, [n]ot now, [q]uit: `, ANSWERS, process.stdin, process.stdout);
    if (answer === undefined) return 'interrupted';
    if (answer !== 'yes') return answer === 'quit' ? 'quit' : 'not now';
    await desk.refresh();
    const { approved } = await approveMessages(store, { ids: [id] }, Date.now, { actor, shown: new Map([[id, story.frozen]]) });
    if (approved > 0) return 'approved';
    output.line(output.colour.yellow('It was written anew or decided while you read; nothing was approved.'));
  }
}

function print(output: Output, { summary, draft }: MessageStory, place: string): void {
  const { colour } = output;
  const columns = Math.min(output.columns ?? MEASURE, MEASURE);
  const title = `Message ${summary.id}, job ${summary.job}, campaign ${summary.campaign}`;
  output.line(`\n${colour.dim('─'.repeat(columns))}`);
  output.line(`${colour.bold(fill(cell(title, Infinity), columns - place.length - 2))}  ${colour.dim(place)}`);
  if (draft === undefined) {
    output.line(`To ${cell(summary.email)}: ${colour.yellow(`there is no draft: ${cell(summary.reason, 300)}`)}`);
    return;
  }
  const { from, to, replyTo, bcc } = JSON.parse(draft.addressing) as MailAddressing;
  // Nothing of it is cut: what is not shown would be approved unseen.
  const head = (name: string, value: string, paint = (line: string) => line) => {
    for (const [index, line] of wrap(cell(value, Infinity), columns - LABEL).entries())
      output.line(`${colour.dim((index === 0 ? name : '').padEnd(LABEL))}${paint(line)}`);
  };
  head('From', mailbox(from));
  head('To', mailbox(to));
  if (replyTo !== undefined) head('Reply-To', mailbox(replyTo));
  if (bcc !== undefined) head('Copy', mailbox(bcc));
  head('Subject', draft.subject, colour.bold);
  output.line();
  for (const line of wrap(blockForTerminal(draft.text).trimEnd(), columns - 2)) output.line(line === '' ? '' : `  ${line}`);
  const files = fileLines(JSON.parse(draft.attachments) as AttachedFile[]);
  if (files.length > 0) output.line();
  for (const line of files) output.line(line);
  output.line();
}

const LABEL = 10;

function mailbox({ name, email }: MailAddressing['from']): string {
  return name === undefined || name === '' ? email : `${name} <${email}>`;
}
