import type { Config, SenderConfig } from './config.ts';

/** True for a sender that reaches other people's mailboxes. */
export function isLive({ type }: SenderConfig): boolean {
  return type !== 'outbox';
}

/** Something that settings lack for mails to strangers; no worker starts before it is there. */
export interface Lack {
  /** Where it belongs in outreach.yaml. */
  readonly path: readonly [string, ...string[]];
  /** `key: what is wrong; what to write`. */
  readonly text: string;
  readonly hint: string;
}

/**
 * What CAN-SPAM (16 CFR 316) and its kin ask of every commercial mail, a postal address and a way out
 * that works, as far as the settings lack it for those of `senders` that reach people.
 */
export function lacksOf(config: Config, senders: readonly SenderConfig[] = config.senders): Lack[] {
  const live = senders.filter(isLive);
  const [first] = live;
  if (first === undefined) return [];
  const lacks: Lack[] = [];
  if (config.identity.postal_address === undefined)
    lacks.push({
      path: ['identity', 'postal_address'],
      text: `identity.postal_address: missing, and sender ${first.name} reaches real mailboxes; write your postal address`,
      hint: 'It stands at the foot of every mail; the law of most countries asks for it.',
    });
  const mailto = config.unsubscribe?.mailto;
  const mute = config.unsubscribe?.url === undefined ? live.find(({ from }) => READ_BY_NOBODY.test(addressIn(mailto ?? from))) : undefined;
  if (mute !== undefined)
    lacks.push({
      path: ['unsubscribe'],
      text: `unsubscribe: nobody reads ${addressIn(mailto ?? mute.from)}, so mails of sender ${mute.name} have no way to unsubscribe; write { mailto: "you@…" } with an address that you read, or { url: "https://…" }`,
      hint: 'Every mail names it, and the law of most countries asks for one that works.',
    });
  return lacks;
}

/** Mailboxes that say of themselves that they are not read. */
const READ_BY_NOBODY = /^(?:no|do-?not|dont)[-_.]?reply\b[^@]*@/i;

/** Of a mailbox that was checked when it was read: `status` has no time to load what checks it. */
function addressIn(mailbox: string): string {
  return /<([^<>]+)>\s*$/.exec(mailbox)?.[1] ?? mailbox.trim();
}
