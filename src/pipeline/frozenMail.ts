import type { FrozenMail, MailAddressing } from '../mail/mailer.ts';

/** A message's draft as it is joined to it: every column is null when there is none. */
interface DraftColumns {
  readonly frozen_sha256: string | null;
  readonly header_message_id: string | null;
  readonly envelope_from: string | null;
  readonly envelope_to: string | null;
  readonly bytes: Buffer | null;
  readonly addressing: string | null;
  readonly subject: string | null;
  readonly text: string | null;
  readonly html: string | null;
}

/** The mail as it was frozen; undefined when its draft is gone, or from a version that kept less of it. */
export function frozenMail(row: DraftColumns): FrozenMail | undefined {
  const { header_message_id: messageId, envelope_from: from, envelope_to: to, bytes, frozen_sha256: sha256 } = row;
  const { addressing, subject, text, html } = row;
  if (messageId === null || from === null || to === null || bytes === null || sha256 === null) return undefined;
  if (!addressing || subject === null || text === null || html === null) return undefined;
  const parts = () => ({ ...(JSON.parse(addressing) as MailAddressing), subject, text, html });
  return { messageId, envelope: { from, to }, bytes, sha256, parts };
}
