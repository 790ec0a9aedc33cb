import { connectionTrouble } from '../domain/connectionTrouble.ts';
import type { Delivery } from '../domain/delivery.ts';
import { messageOf } from '../domain/errors.ts';
import type { SmtpPhase } from '../domain/refusalRules.ts';
import type { DkimSigner } from './dkim.ts';
import type { DeliveryAttempt, FrozenMail, Mailer } from './mailer.ts';
import { withDate } from './mime.ts';
import { readReply, shortReply } from './replies.ts';
import { SmtpConnections } from './smtpConnections.ts';
import type { SmtpServer } from './smtpHandshake.ts';
import { NoToken, withMend } from './smtpLogin.ts';
import { Transaction } from './smtpTransaction.ts';

/** Sends over SMTP (RFC 5321) with the arm between the server's 354 and the first byte of the mail. */
export function smtpMailer(server: SmtpServer, dkim?: DkimSigner): Mailer {
  const connections = new SmtpConnections(server);
  return {
    provider: 'smtp',
    deliver(mail, attempt) {
      if (dkim === undefined) return deliver(connections, mail, attempt, withDate(mail.bytes, attempt.date));
      try {
        return deliver(connections, mail, attempt, dkim(withDate(mail.bytes, attempt.date), attempt.date));
      } catch (error) {
        // An unsigned mail harms the domain's name: none goes out, none loses a try, and a person must look at the key.
        const reply = shortReply(`the mail could not be signed: ${messageOf(error)}`);
        return Promise.resolve({ kind: 'sender_refused', code: null, reply, beforeMail: true, stopsSender: true, progress: 'nothing' });
      }
    },
    close: async () => connections.close(),
  };
}

async function deliver(connections: SmtpConnections, mail: FrozenMail, attempt: DeliveryAttempt, bytes: Buffer): Promise<Delivery> {
  // A controller of its own: AbortSignal.any would leave an entry on the worker's signal for every mail.
  const cut = new AbortController();
  const onCut = () => cut.abort();
  const timer = setTimeout(onCut, attempt.limits.unarmed);
  attempt.cut.addEventListener('abort', onCut, { once: true });
  if (attempt.cut.aborted) onCut();
  try {
    let wire = await connections.acquire(cut.signal);
    let transaction = new Transaction(wire, mail, attempt, bytes);
    let delivery = await transaction.run();
    if (wire.reused && transaction.untouched && speaksOfConnection(delivery) && !cut.signal.aborted) {
      wire.cut();
      wire = await connections.connect(cut.signal);
      transaction = new Transaction(wire, mail, attempt, bytes);
      delivery = await transaction.run();
    }
    if (delivery.kind === 'accepted') connections.release(wire);
    else wire.cut();
    return delivery;
  } catch (error) {
    return { ...beforeMail(error, attempt.cut.aborted), progress: 'nothing' };
  } finally {
    clearTimeout(timer);
    attempt.cut.removeEventListener('abort', onCut);
  }
}

/**
 * Of a connection that has carried mails: the server may close it while it is idle, be out of step on it, or take no
 * more mails on it (421). A MAIL that is refused there may be answered by a late reply to the mail before. None of
 * that speaks of the account, so a fresh connection may be tried at once.
 */
function speaksOfConnection({ kind, code, reply, beforeMail }: Delivery): boolean {
  return (kind === 'temporary' && code === null) || ((code === 421 || beforeMail === true) && !ACCOUNT_WORDS.test(reply));
}

/** What a limit of the account is told with; a fresh connection would meet it too. */
const ACCOUNT_WORDS =
  /\b(?:rates?|rate-?limit\w*|quotas?|24[- ]hours?|account|throttl\w*|slow(?:er)? down|too (?:fast|quickly|frequent(?:ly)?)|hourly|daily|monthly|(?:per|an|a|each|every|this) (?:second|minute|hour|day|month)|4\.7\.(?:28|[56]\d\d)|TSS?0\d)\b/i;

/** A failure while connecting, encrypting or logging in. */
function beforeMail(error: unknown, stopping: boolean): Delivery {
  if (error instanceof NoToken && !stopping) return withoutToken(error);
  const { code: trouble, responseCode, response } = error as { code?: unknown; responseCode?: unknown; response?: unknown };
  // On a closed connection nodemailer reports an unfinished last line as if it were a reply.
  const complete = !messageOf(error).startsWith('Connection closed unexpectedly');
  const code = complete && typeof responseCode === 'number' && responseCode >= 200 && responseCode <= 599 ? responseCode : undefined;
  const said = shortReply(typeof response === 'string' && response !== '' ? response : connectionTrouble(messageOf(error)));
  // A bare "500" would leave it to the reader what was asked.
  const text = trouble === 'ETLS' && code !== undefined ? `the server refuses STARTTLS: ${said}` : said;
  if (stopping) return { kind: 'not_armed', code: null, reply: text };
  const phase: SmtpPhase = trouble === 'EAUTH' ? 'auth' : 'connect';
  // Without a reply EAUTH means that no common login method was offered: nothing a retry would change soon.
  if (code === undefined) return { kind: phase === 'auth' ? 'sender_refused' : 'sender_failed', code: null, reply: text, beforeMail: true };
  const delivery = readReply(phase, code, text);
  return { ...delivery, reply: withMend(delivery.reply, error) };
}

/** Nothing was said to the mail's server. A grant that has ended waits for a person, a token server in trouble for better weather. */
function withoutToken({ lasting, message }: NoToken): Delivery {
  const told = { code: null, reply: shortReply(message), beforeMail: true } as const;
  return lasting ? { kind: 'sender_refused', ...told, stopsSender: true } : { kind: 'sender_failed', ...told };
}
