import { type AttachedFile, assemble, sha256Of } from '../domain/attachment.ts';
import type { FrozenMail, MailAddressing, MailFile } from '../mail/mailer.ts';
import { readFiles } from '../store/attachedFiles.ts';
import type { Db } from '../store/schema.ts';

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
  /** JSON of `AttachedFile`s. */
  readonly attachments: string | null;
}

/**
 * The mail as it was frozen; undefined when its draft is gone, or from a version that kept less of
 * it, or when its files are no longer those that were frozen with it.
 */
export async function frozenMail(db: Db, row: DraftColumns): Promise<FrozenMail | undefined> {
  const { header_message_id: messageId, envelope_from: from, envelope_to: to, bytes: skeleton, frozen_sha256: sha256 } = row;
  const { addressing, subject, text, html } = row;
  if (messageId === null || from === null || to === null || skeleton === null || sha256 === null) return undefined;
  if (!addressing || subject === null || text === null || html === null) return undefined;
  const attachments = hasFiles(row) ? await filesOf(db, row) : [];
  const bytes = attachments.length === 0 ? skeleton : assembled(skeleton, attachments);
  if (bytes === undefined || (hasFiles(row) && sha256Of(bytes) !== sha256)) return undefined;
  const addresses = JSON.parse(addressing) as MailAddressing;
  const { bcc } = addresses;
  const envelope = { from, to, ...(bcc === undefined ? {} : { bcc: bcc.email }) };
  return { messageId, envelope, bytes, skeleton, sha256, parts: () => ({ ...addresses, subject, text, html, attachments }) };
}

/** Most mails carry none: theirs is the short way. */
export function hasFiles({ attachments }: Pick<DraftColumns, 'attachments'>): boolean {
  return attachments !== null && attachments !== '[]';
}

async function filesOf(db: Db, { attachments }: DraftColumns): Promise<MailFile[]> {
  const listed = JSON.parse(attachments ?? '[]') as AttachedFile[];
  const contents = await readFiles(db, listed);
  return listed.flatMap((file) => {
    const content = contents.get(file.sha256);
    return content === undefined ? [] : [{ ...file, content }];
  });
}

function assembled(skeleton: Buffer, files: readonly MailFile[]): Buffer | undefined {
  return assemble(skeleton, (digest) => files.find(({ sha256 }) => sha256 === digest)?.content);
}
