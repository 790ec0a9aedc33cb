import type { LoginRequest } from '../domain/login.ts';
import { wouldBeDecoded } from './encodedNames.ts';
import type { HttpProvider } from './http.ts';
import { readSendgrid } from './httpReplies.ts';

const BASE_URL = 'https://api.sendgrid.com';

/** SendGrid's v3 API (twilio.com/docs/sendgrid/api-reference/mail-send/mail-send); `https://api.eu.sendgrid.com` for data in the EU. */
export function sendgrid(apiKey: string, baseUrl = BASE_URL, insecure = false): HttpProvider {
  return {
    insecure,
    name: 'sendgrid',
    url: new URL('/v3/mail/send', baseUrl),
    bodyOf({ messageId, parts }) {
      const { from, to, replyTo, bcc, subject, text, html, headers, reference, attachments } = parts();
      const request = {
        from,
        // JSON leaves out what is undefined.
        reply_to: replyTo,
        personalizations: [{ to: [to], bcc: bcc === undefined ? undefined : [bcc], custom_args: { outreach_id: reference } }],
        subject,
        content: [
          { type: 'text/plain', value: text },
          { type: 'text/html', value: html },
        ],
        attachments:
          attachments.length === 0
            ? undefined
            : attachments.map(({ name, type, cid, content }) => ({
                content: content.toString('base64'),
                type,
                filename: name,
                disposition: cid === undefined ? 'attachment' : 'inline',
                content_id: cid,
              })),
        headers: { ...headers, 'Message-ID': messageId },
        // Tracking rewrites links and adds a pixel; what was approved is what is sent.
        tracking_settings: {
          click_tracking: { enable: false, enable_text: false },
          open_tracking: { enable: false },
          subscription_tracking: { enable: false },
        },
      };
      return Buffer.from(JSON.stringify(request));
    },
    headersOf: () => ({ authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', accept: 'application/json' }),
    unfit: wouldBeDecoded,
    read: readSendgrid,
  };
}

/** GET /v3/scopes lists what a key may do, and may be asked with any key (twilio.com/docs/sendgrid/api-reference/api-key-permissions). */
export function sendgridLogin(apiKey: string, baseUrl = BASE_URL, insecure = false): LoginRequest {
  return {
    insecure,
    url: new URL('/v3/scopes', baseUrl),
    headers: { authorization: `Bearer ${apiKey}` },
    read(status, body) {
      const mayNotSend = status === 200 && /"scopes"\s*:/.test(body) && !body.includes('"mail.send"');
      return mayNotSend ? { kind: 'refused', reply: 'the key is valid, but may not send: its scope mail.send is missing' } : undefined;
    },
  };
}
