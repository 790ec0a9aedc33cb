import type { AccessToken, AccessTokens } from '../../src/domain/accessToken.ts';

/**
 * What the Gmail API and Microsoft Graph take and say, as they document it: developers.google.com/workspace/gmail/api/guides/uploads and
 * …/guides/handle-errors, learn.microsoft.com/graph/api/user-sendmail and learn.microsoft.com/graph/errors.
 */
export interface MailboxApi {
  /** The mail inside a request's body, as far as it has come; undefined where it is not in the form that the API takes. */
  mailIn(body: Buffer): Buffer | undefined;
  readonly contentType: string;
  readonly accepted: { readonly status: number; readonly body: object | undefined };
  refusal(status: number, what: string): object;
}

/** What a question for the owner of a mailbox meets, with a token that may send and nothing else; undefined for other paths. */
export function ownerRefusalAt(url: string | undefined): object | undefined {
  if (/^\/gmail\/v1\/users\/[^/]+\/profile$/.test(url ?? '')) return gmail.refusal(403, 'scope');
  return /^\/v1\.0\/(?:me|users\/[^/?]+)\?\$select=/.test(url ?? '') ? graph.refusal(403, 'permission') : undefined;
}

const gmail: MailboxApi = {
  mailIn: (body) => body,
  contentType: 'message/rfc822',
  accepted: { status: 200, body: { id: '18c1f0b2a3d4e5f6', threadId: '18c1f0b2a3d4e5f6', labelIds: ['SENT'] } },
  refusal(status, what) {
    const reason = REASONS[what] ?? REASONS[String(status)] ?? 'badRequest';
    const message = what === '400 recipient' ? 'Invalid To header' : (MESSAGES[String(status)] ?? what);
    return { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } };
  },
};

const REASONS: Readonly<Record<string, string>> = {
  '400 recipient': 'invalidArgument',
  scope: 'insufficientPermissions',
  '401': 'authError',
  '403': 'domainPolicy',
  '429': 'userRateLimitExceeded',
  '500': 'backendError',
};
const MESSAGES: Readonly<Record<string, string>> = { '401': 'Invalid Credentials', '429': 'User-rate limit exceeded.' };

const graph: MailboxApi = {
  mailIn(body) {
    const text = body.toString('latin1');
    return /^[A-Za-z0-9+/\r\n]*=*$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  },
  contentType: 'text/plain',
  accepted: { status: 202, body: undefined },
  refusal(status, what) {
    const [code, message] = CODES[what] ?? CODES[String(status)] ?? ['ErrorInvalidRequest', what];
    return { error: { code, message, innerError: { date: '2026-12-01T10:00:00', 'request-id': 'd1b2' } } };
  },
};

const CODES: Readonly<Record<string, readonly [string, string]>> = {
  '400 recipient': [
    'ErrorInvalidRecipients',
    "At least one recipient is not valid., Recipient 'lead' is not resolved. All recipients must be resolved before a message can be submitted.",
  ],
  '401': ['InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.'],
  '403': ['ErrorAccessDenied', 'Access is denied. Check credentials and try again.'],
  '429': ['ApplicationThrottled', 'Application is over its MailboxConcurrency limit.'],
  permission: ['Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'],
  base64: ['ErrorMimeContentInvalidBase64String', 'Invalid base64 string for MIME content.'],
};

/** By the path of a request; undefined for another API's. */
export function mailboxApiAt(url: string | undefined): MailboxApi | undefined {
  if (/^\/upload\/gmail\/v1\/users\/[^/]+\/messages\/send\?uploadType=media$/.test(url ?? '')) return gmail;
  return /^\/v1\.0\/(?:me|users\/[^/]+)\/sendMail$/.test(url ?? '') ? graph : undefined;
}

/** Whom a mail's To names. */
export function toOf(mail: Buffer): string {
  const [head = ''] = mail.toString('latin1').split('\r\n\r\n', 1);
  const [, to = ''] = /^To: (.*)$/im.exec(head.replace(/\r\n(?=[ \t])/g, '')) ?? [];
  return /<([^<>]+)>\s*$/.exec(to)?.[1] ?? to.trim();
}

/** The same mail as it was frozen. */
export function withoutDate(mail: Buffer): Buffer {
  const text = mail.toString('latin1');
  return Buffer.from(text.replace(/^Date: [^\r\n]*\r\n/, ''), 'latin1');
}

export interface TestTokens extends AccessTokens {
  /** Tokens that were refused, as the mailer told it. */
  readonly refused: string[];
  /** What is given from now on, in place of tokens. */
  trouble: Exclude<AccessToken, { ok: true }> | undefined;
}

/** Tokens that never end, and another one for each that was refused. */
export function testTokens(): TestTokens {
  const refused: string[] = [];
  const tokens: TestTokens = {
    refused,
    trouble: undefined,
    current: async () => tokens.trouble ?? { ok: true, token: `token-${refused.length}-of-ana` },
    async instead(token) {
      if (token === `token-${refused.length}-of-ana`) refused.push(token);
      return tokens.current();
    },
  };
  return tokens;
}
