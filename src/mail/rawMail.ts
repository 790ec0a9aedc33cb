import { fileSize } from '../domain/attachment.ts';

/** Where a mailbox is spoken to; without `baseUrl` at the provider's own address, without `user` that of the token. */
export interface Mailbox {
  readonly baseUrl?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly user?: string | undefined;
}

/** The sentence about a mail that is larger than `most` bytes. */
export function tooLarge(bytes: number, most: number, provider: string): string | undefined {
  return bytes <= most ? undefined : `the mail is too large for ${provider}: ${fileSize(bytes)}, and it takes ${fileSize(most)}`;
}
