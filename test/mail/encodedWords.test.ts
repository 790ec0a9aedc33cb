import { afterEach, expect, test } from 'vitest';
import { httpMailer } from '../../src/mail/http.ts';
import { resend } from '../../src/mail/resend.ts';
import { sendgrid } from '../../src/mail/sendgrid.ts';
import { attempt, file, headOf, mail } from '../support/mail.ts';
import { startMailProvider } from '../support/mailProvider.ts';
import { headerOf, mailboxOf, readMail } from '../support/readMail.ts';

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const WORDS = [
  '=?UTF-8?B?SGk=?=',
  '=?utf-8?q?Hi?=',
  'For =?UTF-8?B?SGk=?= and others',
  '=?UTF-8?B?SGk=?= =?UTF-8?B?SGk=?=',
  'x=?UTF-8?B?SGk=?=y',
  '"=?UTF-8?B?SGk=?="',
  '(=?UTF-8?B?SGk=?=)',
  '=?utf-8?q?',
  '=?utf-8?q?a b c?= d',
  '=?',
  'why =? and ?= are odd',
  'Grüße =?iso-8859-1?q?=FC?=',
  `=?utf-8?q?${'long_'.repeat(40)}?=`,
  `${'a b '.repeat(20)}=?UTF-8?B?SGk=?=${' c d'.repeat(20)}`,
];

test.each(WORDS)('%j arrives as these characters, in a subject, in names and as the name of a file', async (text) => {
  const frozen = await mail({
    subject: text,
    from: `${text.replace(/[<>"]/g, '')} <ana@ruiz.example>`,
    to: { email: 'grace@harbour.example', name: text },
    replyTo: `${text.replace(/[<>"]/g, '')} <answers@ruiz.example>`,
    attachments: [file(text, 'one'), file(`${text}.pdf`, 'two')],
  });
  const { bytes } = frozen;
  const parts = frozen.parts();
  expect(headerOf(bytes, 'Subject')).toBe(text);
  expect(mailboxOf(bytes, 'From')).toEqual({ email: 'ana@ruiz.example', name: parts.from.name });
  expect(mailboxOf(bytes, 'To')).toEqual({ email: 'grace@harbour.example', name: [...text].slice(0, 100).join('') });
  expect(mailboxOf(bytes, 'Reply-To')).toEqual({ email: 'answers@ruiz.example', name: parts.replyTo?.name });
  expect(readMail(bytes).files.map(({ filename, content }) => [filename, content.toString()])).toEqual([
    [text, 'one'],
    [`${text}.pdf`, 'two'],
  ]);
  // No reader may find the word itself in a parameter either.
  expect(bytes.toString('latin1')).not.toMatch(/name="?=\?UTF-8\?B\?SGk=\?=/);
  const head = bytes.toString('latin1').split('\r\n\r\n')[0] ?? '';
  for (const line of head.split('\r\n')) if (line.includes('=?UTF-8?')) expect(line.length).toBeLessThanOrEqual(76);
  expect(headOf(bytes).match(/^(?:From|To|Reply-To|Subject): /gm)).toHaveLength(4);
});

test('a text that quotes the name of such a file is left alone', async () => {
  const text = 'Content-Type: application/pdf; name="=?UTF-8?B?SGk=?="\n';
  const { bytes } = await mail({ text, html: `<p>${text}</p>`, attachments: [file('=?UTF-8?B?SGk=?=', 'x')] });
  expect(readMail(bytes).text).toBe(text);
});

const KINDS = { sendgrid, resend } as const;

test.each(['sendgrid', 'resend'] as const)(
  '%s is given no text that its reader may see decoded, and nothing of such a mail leaves',
  async (name) => {
    const server = await startMailProvider();
    const mailer = httpMailer(KINDS[name]('key', server.url));
    closing.push(server.close, mailer.close);
    const word = '=?UTF-8?B?SGk=?=';
    const mails = [
      { subject: `For ${word}` },
      { to: { email: 'grace@harbour.example', name: word } },
      { from: `${word} <ana@ruiz.example>` },
      { replyTo: `${word} <ana@ruiz.example>` },
      { attachments: [file(`${word}.pdf`, 'x')] },
    ];
    for (const change of mails) {
      const trying = attempt();
      const delivery = await mailer.deliver(await mail(change), trying);
      expect(delivery).toMatchObject({ kind: 'content_refused', code: null, beforeMail: true });
      expect(delivery.reply).toMatch(/^(?:its subject|a name|the name of a file) .*looks like an encoded word.*send it by SMTP$/);
      expect(trying.armed).toEqual([]);
    }
    expect(server.requests).toEqual([]);
    // What no reader decodes goes out as it is.
    expect(await mailer.deliver(await mail({ subject: 'why =? and ?= are odd' }), attempt())).toMatchObject({ kind: 'accepted' });
  },
);
