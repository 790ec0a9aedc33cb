import type { Config } from '../config/config.ts';
import { parseAddress } from '../domain/address.ts';
import type { Progress } from '../domain/delivery.ts';
import { isHttpProvider, isMailbox } from '../domain/httpProvider.ts';
import { serviceOf } from '../mail/mailServices.ts';
import { sentTraceOf } from '../mail/sentTraces.ts';
import type { MessageStory } from '../store/progress.ts';

/** What helps a person who has to say what became of an uncertain mail. */
export interface UncertainHints {
  /** How far it got, and what that usually means. */
  readonly progress: string;
  /** Where to look, the best place first. */
  readonly places: readonly string[];
}

export function uncertainHints(senders: Config['senders'], story: MessageStory): UncertainHints {
  const attempt = story.attempts.at(-1);
  const overHttp = isHttpProvider(attempt?.provider);
  const sender = senders.find(({ name }) => name === attempt?.sender);
  return {
    progress: progressOf(attempt, overHttp),
    places: [...placesOf(sender, story), 'the recipient, where nothing else tells'],
  };
}

function progressOf(attempt: MessageStory['attempts'][number] | undefined, overHttp: boolean): string {
  const known = attempt?.progress ?? 'unknown';
  if (overHttp) return OVER_HTTP[known];
  // What stands first is a reply's code: the server did answer, and not in a way that settles it.
  return known === 'end' && /^(?:\d{3}\b|the server (?:answered|sent|began)|what the server sent)/.test(attempt?.reply ?? '')
    ? ANSWERED
    : OVER_SMTP[known];
}

type Known = Progress | 'unknown';

const UNKNOWN = 'Nobody knows how far it got: that was not noted, as when the program is killed.';

/** A server takes a mail when it has read the final dot (RFC 5321 §4.1.1.4); before it there is nothing to take. */
const OVER_SMTP: Readonly<Record<Known, string>> = {
  nothing: 'No byte of it had been written to the server: it was almost certainly not sent.',
  part: 'The server had been given part of it and no end: most servers drop such a mail.',
  all: 'The server had been given all of it but the final dot: most servers drop such a mail.',
  end: 'The whole mail with its end was given to the network and no answer came: it was probably delivered, unless the connection broke before the server had read it all.',
  unknown: UNKNOWN,
};

const ANSWERED = 'The whole mail with its end was sent, and what the server answered does not say whether it took it: look there first.';

const OVER_HTTP: Readonly<Record<Known, string>> = {
  nothing: 'No byte of the request had been written: it was almost certainly not sent.',
  part: 'The provider had been given part of the request and no end: it was most likely not taken.',
  all: 'The provider had been given nearly all of the request: it was most likely not taken.',
  end: 'The whole request was sent and no clear answer came: it was probably delivered.',
  unknown: UNKNOWN,
};

function placesOf(sender: Config['senders'][number] | undefined, { summary, draft }: MessageStory): string[] {
  const id = summary.message_id ?? '';
  if (sender?.type === 'outbox') return ['the folder .outreach/outbox: its file is there if it was written'];
  const overHttp = isHttpProvider(sender?.type);
  const copy = isMailbox(sender?.type) ? undefined : copyTo(draft?.addressing);
  const copies = copy === undefined ? [] : [`the inbox of ${copy}: bcc_self sends a copy along with each mail`];
  const trace = sender === undefined ? undefined : sentTraceOf(sender);
  if (trace?.at === 'mailbox') {
    const mailbox = (sender !== undefined && 'user' in sender && sender.user) || addressOf(sender?.from);
    const taken = overHttp ? 'what it takes' : 'what it takes over SMTP';
    const doubt = trace.complete ? `${trace.service} puts there ${taken}` : 'if it keeps there what is sent over SMTP';
    return [`the ${trace.where} of ${mailbox}: ${doubt}`, ...copies];
  }
  if (trace !== undefined) return [`the ${trace.where} of ${trace.service}: search it for ${summary.email}`, ...copies];
  // A service without such a page has no log that its customer may read.
  if (sender?.type !== 'smtp' || serviceOf(sender) !== undefined)
    return [`what the provider shows of mails to ${summary.email}`, ...copies];
  return [`the log of ${sender.host}: search it for ${id}`, ...copies];
}

/** The mailbox that gets an unseen copy of each mail. */
function copyTo(addressing: string | null | undefined): string | undefined {
  const { bcc } = JSON.parse(addressing || '{}') as { bcc?: { email?: string } };
  return bcc?.email;
}

function addressOf(from: string | undefined): string {
  const check = parseAddress(from ?? '');
  return check.ok ? check.address.email : 'the sender';
}
