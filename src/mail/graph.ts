import type { AccessTokens } from '../domain/accessToken.ts';
import type { LoginRequest } from '../domain/login.ts';
import type { HttpProvider } from './http.ts';
import { graphError, readGraph } from './mailboxReplies.ts';
import { withDate } from './mime.ts';
import { type Mailbox, tooLarge } from './rawMail.ts';

/** National clouds have others (learn.microsoft.com/graph/deployments). */
const BASE_URL = 'https://graph.microsoft.com';

/** Of a request's body, so of the mail in base64 (learn.microsoft.com/graph/outlook-large-attachments). */
const MOST_BYTES = 4_000_000;

/**
 * Microsoft Graph, sendMail with the mail's own bytes in base64 as text/plain (learn.microsoft.com/graph/api/user-sendmail,
 * …/graph/outlook-send-mime-message). It goes to whom the headers name, so to the lead alone; a copy to oneself is what lies in Sent Items.
 */
export function graph(tokens: AccessTokens, { baseUrl = BASE_URL, insecure = false, user, mend }: Mailbox = {}): HttpProvider {
  return {
    insecure,
    name: 'graph',
    tokens,
    mend,
    url: new URL(`${placeOf(user)}/sendMail`, baseUrl),
    bodyOf: ({ bytes }, date) => Buffer.from(withDate(bytes, date).toString('base64'), 'latin1'),
    unfit: (_, body) => tooLarge((body.length / 4) * 3, (MOST_BYTES / 4) * 3, 'Microsoft Graph'),
    headersOf: () => ({ 'content-type': 'text/plain', accept: 'application/json' }),
    read: readGraph,
  };
}

/**
 * The mailbox's addresses (learn.microsoft.com/graph/api/user-get). A token that may only send (Mail.Send) is refused there for
 * lack of User.Read, and is a good one.
 */
export function graphLogin(token: string, { baseUrl = BASE_URL, insecure = false, user }: Mailbox = {}): LoginRequest {
  return {
    insecure,
    url: new URL(`${placeOf(user)}?$select=mail,userPrincipalName`, baseUrl),
    headers: { authorization: `Bearer ${token}` },
    read: (status, body) => (status === 403 && lacksPermission(body) ? { kind: 'let_in' } : undefined),
  };
}

/** The token is a good one, and not for this. */
export function lacksPermission(body: string): boolean {
  return ['Authorization_RequestDenied', 'ErrorAccessDenied'].includes(graphError(body).code ?? '');
}

/** `user` names the mailbox where a token is that of an application, or may send from several. */
function placeOf(user: string | undefined): string {
  return user === undefined ? '/v1.0/me' : `/v1.0/users/${encodeURIComponent(user)}`;
}
