import { formatDuration } from '../domain/duration.ts';
import { OutreachError } from '../domain/errors.ts';
import { type Fault, readRefusal } from '../domain/refusal.ts';
import type { Meaning, SmtpPhase } from '../domain/refusalRules.ts';
import { REFUSED_SENDER_REST } from '../domain/retry.ts';

/** How a server's reply is read, and why. */
export interface ReadReply {
  readonly phase: SmtpPhase;
  readonly code: number;
  readonly means: Meaning;
  readonly fault: Fault;
  readonly lasting: boolean;
  readonly suppresses: boolean;
  /** What happens to the mail and its sender, in a sentence. */
  readonly effect: string;
  /** What mends it, where the reply itself does not say so. */
  readonly advice: string | null;
  /** The words that were read: without addresses, host names, URLs and quoted identifiers. */
  readonly words: string;
  readonly source: string;
}

/** `reply`: as a server sends it, `550 5.7.1 …`; of several lines in one, or with \n between them. */
export function explainReply(reply: string, phase: SmtpPhase): ReadReply {
  const code = Number(/^\s*(\d{3})(?=[ -]|$)/.exec(reply)?.[1]);
  if (!(code >= 400 && code <= 599))
    throw new OutreachError('usage', '--reply takes a refusal as a server sends it, with its code from 400 to 599 first', {
      hint: 'outreach doctor --reply "550 5.1.1 No such user"',
    });
  const { means, fault, lasting, restMs, words, rule } = readRefusal(phase, code, reply);
  return {
    phase,
    code,
    means,
    fault,
    lasting,
    suppresses: means === 'no mailbox',
    effect: effectOf(means, restMs),
    advice: rule.advice ?? null,
    words,
    source: rule.source,
  };
}

function effectOf(means: Meaning, restMs: number | undefined): string {
  switch (means) {
    case 'no mailbox':
      return 'The mail fails, and the address is suppressed.';
    case 'this mail':
      return 'The mail fails; nobody is suppressed. After three alike to three domains the sender stops.';
    case 'later':
      return 'The mail is tried again later.';
    case 'quota':
      return `The sender rests for ${restMs === undefined ? 'a while, longer each time' : formatDuration(restMs)}; the mail loses no try.`;
    case 'sender':
      return `The sender rests for ${formatDuration(REFUSED_SENDER_REST)}; the mail is tried again.`;
    case 'sender, stopped':
      return 'The sender stops until a person resumes it; the mail loses no try.';
    case 'policy':
      return 'The mail is tried again later; the sender rests when a server of another domain says the same.';
    case 'server down':
      return 'The sender rests for a while; the mail loses no try.';
  }
}
