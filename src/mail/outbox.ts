import { join } from 'node:path';
import type { Delivery } from '../domain/delivery.ts';
import { messageOf } from '../domain/errors.ts';
import { reached } from '../domain/milestone.ts';
import { makeFolder, replaceFileMeanwhile } from '../files/ownFiles.ts';
import type { DeliveryAttempt, FrozenMail, Mailer } from './mailer.ts';
import { sha256, withDate } from './mime.ts';

/** Writes each mail as an .eml file and touches no network. A file is there whole or not at all. */
export function outboxMailer(directory: string): Mailer {
  return {
    provider: 'outbox',
    deliver: (mail, attempt) => deliver(directory, mail, attempt),
    close: async () => {},
  };
}

async function deliver(directory: string, mail: FrozenMail, attempt: DeliveryAttempt): Promise<Delivery> {
  const bytes = withDate(mail.bytes, attempt.date);
  const path = join(directory, `${mail.messageId.replace(/[<>]/g, '').replace(/[^\w.@-]/g, '_')}.eml`);
  try {
    makeFolder(directory);
  } catch (error) {
    return { kind: 'sender_failed', code: null, reply: messageOf(error), progress: 'nothing' };
  }
  reached('t2.asked');
  if (attempt.cut.aborted || !(await attempt.arm(sha256(bytes))))
    return { kind: 'not_armed', code: null, reply: 'the mail was not released', progress: 'nothing' };
  try {
    reached('body.begun');
    await replaceFileMeanwhile(path, bytes);
    reached('reply.read');
    return { kind: 'accepted', code: null, reply: `written to ${path}`, progress: 'end' };
  } catch (error) {
    // The name appears last, so a failed write has delivered nothing.
    return { kind: 'temporary', code: null, reply: messageOf(error), progress: 'nothing' };
  }
}
