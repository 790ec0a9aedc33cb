import type { Command } from 'commander';
import type { App } from '../app/app.ts';
import type { Explanation } from '../app/why.ts';
import { parseAddress } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { FINAL_STATES } from '../domain/message.ts';
import { cell, iso, moment, type Output, plural } from '../terminal/output.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';
import { barred } from './show.ts';
import { paint } from './status.ts';

/** More mails than this to one address are counted only. */
const MOST_SHOWN = 20;

export function whyCommand(use: Use): Command {
  return command('why', 'Tell why a mail has not left: every gate that is shut, and when it opens.', [
    'why grace@harbour.example',
    'why 42 --json',
  ])
    .argument('<who>', 'an address, or the id of a message')
    .action(use(why));
}

async function why({ app: open, output }: Context, who: string): Promise<undefined> {
  const app = await open();
  const { db } = await app.openStore();
  const { explain } = await import('../app/why.ts');
  const ids = await asked(db, who);
  const now = Date.now();
  let next: Explanation | undefined;
  for (const [index, id] of ids.slice(0, MOST_SHOWN).entries()) {
    const found = await explain(app, id, now);
    output.object(asJson(found));
    if (index > 0) output.line();
    if (!output.json) print(output, found, await linesOf(app, found));
    // The one that something can still be done for; they come newest first.
    if (next === undefined || (isOver(next) && !isOver(found))) next = found;
  }
  if (next !== undefined) output.line(`\nNext: ${nextStep(next)}`);
  if (ids.length > MOST_SHOWN)
    output.talk(`${plural(ids.length - MOST_SHOWN, 'older mail')} not shown; see: outreach messages --email ${who}`);
}

async function asked(db: Parameters<typeof import('../store/outlook.ts').messagesTo>[0], who: string): Promise<number[]> {
  if (!who.includes('@')) return [wholeNumber('an address or a message id')(who)];
  const parsed = parseAddress(who);
  if (!parsed.ok) throw new OutreachError('usage', cell(parsed.reason, 200));
  const { messagesTo } = await import('../store/outlook.ts');
  const ids = await messagesTo(db, parsed.address.email.toLowerCase());
  if (ids.length === 0) {
    throw new OutreachError('not_found', `there is no mail to ${who}`, {
      hint: 'Leads that were refused are in the rejects file of their import: outreach jobs ID',
    });
  }
  return ids;
}

function asJson({ gates, freeSenders, expectedAt, retryBar: _, ...rest }: Explanation): object {
  return {
    ...rest,
    waits_for: gates.map(({ gate, of, name, opensAt }) => ({ gate, of, name, opens_at: iso(opensAt) })),
    free_senders: freeSenders,
    expected_at: iso(expectedAt),
  };
}

/** Of an uncertain mail the same as `show` tells. */
async function linesOf(app: App, { id, state }: Explanation): Promise<string[]> {
  if (state !== 'uncertain') return [];
  const { messageStory } = await import('../store/progress.ts');
  const { verdictLines } = await import('./verdictLines.ts');
  const story = await messageStory((await app.openStore()).db, id);
  return story === undefined ? [] : verdictLines(app.config.senders, story);
}

function print(output: Output, found: Explanation, verdict: readonly string[]): void {
  const { id, job, campaign, email, state, reason, gates, freeSenders, problem } = found;
  output.line(
    `Message ${id} to ${cell(email)} (job ${job}, ${cell(campaign, 30)}): ${paint(output, state)}${reason === null ? '' : `, ${cell(reason, 200)}`}`,
  );
  if (problem !== null) output.line(`Its job is held back: ${problem}`);
  else if (gates.length > 0) {
    output.table(
      ['SHUT', 'OPENS', ''],
      gates.map(({ gate, name, opensAt }) => [
        name === null ? gate : `${gate} (${name})`,
        opensAt === null ? 'by you' : moment(opensAt),
        opensAt === null ? openedBy(gate, name, job) : '',
      ]),
      [],
      [2],
    );
    if (freeSenders !== null && freeSenders.length > 0 && gates.some(({ of }) => of === 'sender'))
      output.line(`Free to send: ${freeSenders.join(', ')}`);
  }
  output.line(outlook(found));
  for (const line of verdict) output.line(line);
}

function outlook({ id, job, state: stored, becomes, gates, freeSenders, expectedAt, before }: Explanation): string {
  const state = becomes ?? stored;
  switch (state) {
    case 'accepted':
      return 'It has left; its provider took it.';
    case 'sending':
      return 'It is on the wire now.';
    case 'uncertain':
      return 'Its provider may have taken it, so it is not sent again by itself.';
    case 'review':
      return 'It waits for a person.';
    case 'failed':
    case 'suppressed':
    case 'cancelled':
      return 'It will not leave.';
    case 'pending':
    case 'drafting':
    case 'ready': {
      if (freeSenders === null) return 'It waits.';
      const unwritten = state === 'ready' ? '' : ' Its text is not written yet.';
      if (expectedAt === null)
        return `No date can be told${gates.some(({ opensAt }) => opensAt === null) ? ' before that' : ''}.${unwritten}`;
      const after = before === null || before === 0 ? '' : `, after ${plural(before, 'other mail')} of job ${job}`;
      return `Message ${id} leaves about ${moment(expectedAt)}${after}, if a worker runs.${unwritten}`;
    }
  }
}

function isOver({ state }: Explanation): boolean {
  return FINAL_STATES.some((final) => final === state);
}

/** What a person does about a gate that does not open by itself. */
function openedBy(gate: Explanation['gates'][number]['gate'], name: string | null, job: number): string {
  if (gate === 'importing') return `the same outreach import command continues the import`;
  if (gate === 'sender stopped') return `outreach senders resume ${name ?? ''}`;
  return gate === 'suppressed' ? 'on the list of people who do not want it' : `outreach resume ${job}`;
}

function nextStep({ id, job, state, becomes, gates, retryBar }: Explanation): string {
  if (becomes !== null) return 'outreach worker';
  if (state === 'review') return `outreach show ${id}    (then approve it, reject it or mend its lead)`;
  if (state === 'uncertain') return `outreach resolve ${id} --sent|--not-sent|--resend    or    outreach resolve --from LOG`;
  if (state === 'failed') return retryBar === null ? `outreach retry ${id}` : barred(retryBar, job);
  const held = gates.find(({ opensAt, gate }) => opensAt === null && gate !== 'suppressed' && gate !== 'importing');
  if (held !== undefined) return openedBy(held.gate, held.name, job);
  return ['pending', 'drafting', 'ready'].includes(state) ? 'outreach plan' : `outreach show ${id}`;
}
