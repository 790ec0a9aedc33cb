import type { AccessTokens } from '../domain/accessToken.ts';
import type { LoginRequest } from '../domain/login.ts';
import type { HttpProvider } from './http.ts';
import { googleError, readGmail } from './mailboxReplies.ts';
import { withDate } from './mime.ts';
import { type Mailbox, tooLarge } from './rawMail.ts';

const BASE_URL = 'https://gmail.googleapis.com';

/** What `mediaUpload.maxSize` of users.messages.send says (gmail.googleapis.com/$discovery/rest?version=v1): 35 MB. */
const MOST_BYTES = 35 * 1024 * 1024;

/**
 * The Gmail API, users.messages.send (developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send), as a simple upload
 * of the mail's own bytes (…/workspace/gmail/api/guides/uploads). It goes to whom To, Cc and Bcc name, so to the lead alone;
 * a copy to oneself is what lies in Sent.
 */
export function gmail(tokens: AccessTokens, { baseUrl = BASE_URL, insecure = false, user = 'me', mend }: Mailbox = {}): HttpProvider {
  return {
    insecure,
    name: 'gmail',
    tokens,
    mend,
    url: new URL(`/upload/gmail/v1/users/${encodeURIComponent(user)}/messages/send?uploadType=media`, baseUrl),
    bodyOf: ({ bytes }, date) => withDate(bytes, date),
    unfit: (_, body) => tooLarge(body.length, MOST_BYTES, 'the Gmail API'),
    headersOf: () => ({ 'content-type': 'message/rfc822', accept: 'application/json' }),
    read: readGmail,
  };
}

/**
 * users.getProfile tells whose mailbox it is. A token that may only send (scope gmail.send) is refused there for its scope, and is a good one
 * (developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile).
 */
export function gmailLogin(token: string, { baseUrl = BASE_URL, insecure = false, user = 'me' }: Mailbox = {}): LoginRequest {
  return {
    insecure,
    url: new URL(`/gmail/v1/users/${encodeURIComponent(user)}/profile`, baseUrl),
    headers: { authorization: `Bearer ${token}` },
    read: (status, body) => (status === 403 && lacksScope(body) ? { kind: 'let_in' } : undefined),
  };
}

/** The token is a good one, and not for this. */
export function lacksScope(body: string): boolean {
  const { reasons } = googleError(body);
  return reasons.includes('insufficientPermissions') || reasons.includes('ACCESS_TOKEN_SCOPE_INSUFFICIENT');
}
