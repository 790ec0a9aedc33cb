import { connectionTrouble } from '../domain/connectionTrouble.ts';
import { messageOf } from '../domain/errors.ts';
import { readReply, shortReply } from './replies.ts';
import { SmtpConnections } from './smtpConnections.ts';
import type { SmtpServer } from './smtpHandshake.ts';
import { NoToken } from './smtpLogin.ts';

/** How far a conversation without a mail got. */
export type ProbeAnswer =
  | { readonly kind: 'welcome' }
  /** The server's own no: to the login, or to us. */
  | { readonly kind: 'login_refused' | 'turned_away'; readonly reply: string }
  /** No encryption that can be trusted: no STARTTLS, a wrong certificate, a port that does not speak TLS. */
  | { readonly kind: 'unsafe'; readonly reply: string }
  /** Nobody listens there. */
  | { readonly kind: 'closed'; readonly reply: string }
  | { readonly kind: 'no_such_host'; readonly reply: string }
  | { readonly kind: 'unreachable'; readonly reply: string };

/** Connects, says EHLO, encrypts, logs in and says QUIT, within `limitMs`. Sends no mail and never throws. */
export async function tryLogin(server: SmtpServer, limitMs: number): Promise<ProbeAnswer> {
  const connections = new SmtpConnections(server);
  const cut = new AbortController();
  const timer = setTimeout(() => cut.abort(), limitMs);
  try {
    connections.release(await connections.connect(cut.signal));
    return { kind: 'welcome' };
  } catch (error) {
    return read(error);
  } finally {
    clearTimeout(timer);
    connections.close();
  }
}

/** nodemailer's codes; `originalCode` is the system's own. */
function read(error: unknown): ProbeAnswer {
  const { code, originalCode, responseCode, response } = error as {
    code?: string;
    originalCode?: string;
    responseCode?: number;
    response?: string;
  };
  if (error instanceof NoToken) return { kind: error.lasting ? 'login_refused' : 'unreachable', reply: shortReply(error.message) };
  const reply = shortReply(typeof response === 'string' && response !== '' ? response : connectionTrouble(messageOf(error)));
  const detail = `${originalCode ?? ''} ${messageOf(error)}`;
  if (code === 'EAUTH') {
    // With what mends it, where a rule knows more than the server says.
    const refusal = responseCode !== undefined && responseCode >= 400 && responseCode <= 599;
    return { kind: 'login_refused', reply: refusal ? readReply('auth', responseCode, reply).reply : reply };
  }
  if (code === 'EDNS') return { kind: 'no_such_host', reply };
  if (/ECONNREFUSED/.test(detail)) return { kind: 'closed', reply };
  if (code === 'ETLS' || /CERT|SSL|TLS|self.signed|altnames|EPROTO/i.test(detail)) return { kind: 'unsafe', reply };
  if (responseCode !== undefined || code === 'EPROTOCOL') return { kind: 'turned_away', reply };
  return { kind: 'unreachable', reply };
}
