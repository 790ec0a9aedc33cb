/** What a row of a provider's log says of a mail. */
export type Said =
  /** It reached the recipient's server, or somebody acted on it. */
  | 'arrived'
  /** The provider took it, and it came back later: it was sent. */
  | 'came_back'
  /** The provider took it; what became of it is not said. */
  | 'taken'
  /** The provider did not take it, or dropped it. */
  | 'not_sent';

/**
 * The words of events and states in exports of SendGrid, Mailgun, Postmark, Resend, Brevo, SES, Google Workspace and
 * Microsoft 365, and in the logs of Postfix; in lower case, their parts divided by a space. A word that is used for mails that may still
 * arrive as for those that will not, as "failed" and "error" are, stands nowhere: it decides nothing.
 */
const WORDS: Readonly<Record<Said, readonly string[]>> = {
  arrived: [
    ...['delivered', 'delivery', 'deliver', 'opened', 'open', 'first opening', 'unique opened', 'proxy open', 'loaded by proxy', 'read'],
    ...['clicked', 'click', 'unsubscribed', 'unsubscribe', 'group unsubscribe', 'complained', 'complaint', 'spam complaint'],
    ...['spam', 'spam report', 'filtered as spam'],
  ],
  came_back: [
    ...['bounced', 'bounce', 'bounces', 'hard bounce', 'hard bounced', 'hard bounces', 'soft bounce', 'soft bounced', 'soft bounces'],
    ...['permanent bounce', 'transient bounce', 'undeliverable', 'returned', 'expired'],
  ],
  taken: [
    ...['accepted', 'sent', 'send', 'processed', 'processing', 'queued', 'submitted', 'received', 'receive', 'request', 'requests'],
    ...[
      'requests sent',
      'deferred',
      'deferral',
      'delayed',
      'delivery delayed',
      'pending',
      'in progress',
      'scheduled',
      'held',
      'quarantined',
    ],
  ],
  not_sent: [
    ...['rejected', 'reject', 'refused', 'dropped', 'drop', 'blocked', 'block', 'suppressed', 'discarded', 'denied'],
    ...['invalid', 'invalid email', 'canceled', 'cancelled', 'rendering failure'],
  ],
};

const MEANINGS: ReadonlyMap<string, Said> = new Map(
  (Object.entries(WORDS) as [Said, readonly string[]][]).flatMap(([said, words]) => words.map((word) => [word, said] as const)),
);

/** `email.delivered`, `hardBounce`, `Receive, Deliver`: what each word of a cell says; those that are not known say nothing. */
export function saidBy(cell: string): Said[] {
  return cell.split(/[,;|]|##/).flatMap((part) => MEANINGS.get(inWords(part)) ?? []);
}

function inWords(text: string): string {
  return text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ')
    .trim()
    .replace(/^(?:e ?mail|message) /, '');
}

/** What all rows about one mail say together; undefined when they contradict each other, or say nothing that is known. */
export function verdictOf(said: ReadonlySet<Said>): 'sent' | 'not_sent' | undefined {
  // SendGrid calls a mail that the recipient's server refused both bounced and blocked.
  if (said.has('came_back')) return 'sent';
  if (said.has('not_sent')) return said.has('arrived') || said.has('taken') ? undefined : 'not_sent';
  if (said.has('arrived')) return 'sent';
  return said.has('taken') ? 'sent' : undefined;
}
