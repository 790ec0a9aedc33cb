import { forTerminal } from '../domain/text.ts';

interface Mailbox {
  readonly email: string;
  readonly name?: string;
}

interface Addressed {
  readonly from: Mailbox;
  readonly to: Mailbox;
  readonly replyTo?: Mailbox;
}

/** Whom a mail names in its headers, whole: a name is approved with the rest, and may be a lead's. */
export function namesLine({ from, to, replyTo }: Addressed): string {
  return `From ${mailbox(from)} to ${mailbox(to)}${replyTo === undefined ? '' : `, answers to ${mailbox(replyTo)}`}`;
}

/** The same of a stored draft; undefined for one of a version that kept no names. */
export function storedNames(addressing: string | null): string | undefined {
  return addressing === null || addressing === '' ? undefined : namesLine(JSON.parse(addressing) as Addressed);
}

function mailbox({ email, name }: Mailbox): string {
  return name === undefined || name === '' ? email : `${forTerminal(name)} <${email}>`;
}
