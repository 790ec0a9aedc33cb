import { fileSize } from '../domain/attachment.ts';
import type { Delivery } from '../domain/delivery.ts';

/** Where a mailbox is spoken to; without `baseUrl` at the provider's own address, without `user` that of the token. `mend`: what a person does when it takes its tokens no more. */
export interface Mailbox {
  readonly baseUrl?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly user?: string | undefined;
  readonly mend?: string | undefined;
}

/** What becomes of a mail that is larger than `most` bytes. Its files make it so, and those are mostly the whole campaign's: a row of such mails stops the sender. */
export function tooLarge(bytes: number, most: number, provider: string): Pick<Delivery, 'reply'> | undefined {
  if (bytes <= most) return undefined;
  return { reply: `the mail is too large for ${provider}: ${fileSize(bytes)}, and it takes ${fileSize(most)}` };
}
