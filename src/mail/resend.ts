import { createHmac } from 'node:crypto';
import type { LoginRequest } from '../domain/login.ts';
import { wouldBeDecoded } from './encodedNames.ts';
import type { HttpProvider } from './http.ts';
import { readResend } from './httpReplies.ts';

const BASE_URL = 'https://api.resend.com';

/**
 * Resend's API (resend.com/docs/api-reference/emails/send-email). Its Idempotency-Key, the mail's own
 * Message-ID, makes a repeated request with the same bytes safe for 24 h.
 */
export function resend(apiKey: string, baseUrl = BASE_URL, insecure = false): HttpProvider {
  return {
    insecure,
    name: 'resend',
    account: (workspaceKey) => createHmac('sha256', workspaceKey).update(`account\0${baseUrl}\0${apiKey}`).digest('base64url').slice(0, 24),
    url: new URL('/emails', baseUrl),
    clockUrl: new URL('/', baseUrl),
    bodyOf({ parts }) {
      const { from, to, replyTo, bcc, subject, text, html, headers, attachments } = parts();
      const request = {
        from: mailbox(from),
        to: [mailbox(to)],
        // JSON leaves out what is undefined.
        bcc: bcc === undefined ? undefined : [mailbox(bcc)],
        reply_to: replyTo === undefined ? undefined : mailbox(replyTo),
        subject,
        text,
        html,
        headers,
        attachments:
          attachments.length === 0
            ? undefined
            : attachments.map(({ name, type, cid, content }) => ({
                content: content.toString('base64'),
                filename: name,
                content_type: type,
                content_id: cid,
              })),
      };
      return Buffer.from(JSON.stringify(request));
    },
    headersOf: ({ messageId }) => ({
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': messageId.replace(/[<>]/g, ''),
    }),
    unfit: wouldBeDecoded,
    read: readResend,
  };
}

/** GET /domains; a key that may only send is refused there by a name of its own, and is a good one (resend.com/docs/api-reference/errors). */
export function resendLogin(apiKey: string, baseUrl = BASE_URL, insecure = false): LoginRequest {
  return {
    insecure,
    url: new URL('/domains', baseUrl),
    headers: { authorization: `Bearer ${apiKey}` },
    read: (status, body) => (status === 401 && body.includes('"restricted_api_key"') ? { kind: 'let_in' } : undefined),
  };
}

function mailbox({ name, email }: { readonly name?: string; readonly email: string }): string {
  return name === undefined ? email : `"${name.replace(/["\\]/g, '\\$&')}" <${email}>`;
}
