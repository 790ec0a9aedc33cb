import { afterEach, beforeEach, expect, test } from 'vitest';
import { campaignFiles } from '../../src/config/campaign.ts';
import { loadConfig } from '../../src/config/config.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { workspaceKey } from '../../src/config/workspaceKey.ts';
import type { Campaign } from '../../src/domain/campaign.ts';
import { feedbackId } from '../../src/domain/feedbackId.ts';
import type { LeadFields } from '../../src/domain/lead.ts';
import { campaignMark, unsubscribeToken, withToken } from '../../src/domain/personKey.ts';
import { templateWriter } from '../../src/llm/templateWriter.ts';
import type { MailContent } from '../../src/mail/mailer.ts';
import { composeMime } from '../../src/mail/mime.ts';
import { resend } from '../../src/mail/resend.ts';
import { sendgrid } from '../../src/mail/sendgrid.ts';
import { composeDraft, type Draft } from '../../src/pipeline/draftMessage.ts';
import { DATE, headOf, mail } from '../support/mail.ts';
import { Folder } from '../support/program.ts';
import { headerOf, readMail } from '../support/readMail.ts';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

/** A campaign as its file says, with settings beside it. */
function campaign(front = '', body = 'Hi {{ first_name }},\n\nsee https://ruiz.example/a?b=c&d=e.\n', settings = ''): Campaign {
  folder.write(
    'outreach.yaml',
    `version: 1\nidentity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, Madrid", timezone: Europe/Madrid }\n${settings}`,
  );
  folder.write('campaigns/hello.md', `---\nsubject: "For {{ company }}"\n${front}---\n${body}`);
  const workspace = workspaceAt(folder.path);
  return campaignFiles(workspace, loadConfig(workspace)).load('hello');
}

/** The mail that a worker would freeze for this lead. */
async function drafted(of: Campaign, lead: LeadFields = {}, messageId = 7): Promise<Draft> {
  const fields = { email: 'grace@harbour.example', first_name: 'Grace', company: 'Harbour', ...lead };
  const files = { read: () => ({ ok: false, reason: 'none' }) as const };
  const key = workspaceKey(workspaceAt(folder.path));
  const written = await templateWriter(1).write({ campaign: of, lead: fields, jobId: 3, messageId, deadlineAt: 0 });
  if (written.kind !== 'written') throw new Error(written.reason);
  const deps = {
    compose: composeMime,
    files,
    now: () => 0,
    tokenFor: (reference: string) => unsubscribeToken(key, reference),
    markOf: (name: string) => campaignMark(key, name),
  };
  const draft = await composeDraft(deps, of, fields, written);
  if (draft.kind !== 'composed') throw new Error(draft.reason);
  return draft;
}

const headers = async (of: Campaign, lead?: LeadFields) => headOf((await drafted(of, lead)).mail.bytes);

const TOKEN = /[0-9a-f-]{36}\.[\w-]{24}/.source;

test('without a web address people opt out by mail, and nothing promises one click', async () => {
  const head = await headers(campaign());
  expect(head).toMatch(new RegExp(`^List-Unsubscribe: <mailto:outbox@outreach\\.example\\?subject=unsubscribe%20${TOKEN}>$`, 'm'));
  expect(head).not.toContain('List-Unsubscribe-Post');
});

test('with a web address one click comes first, and the mail, its text and its page know the same token', async () => {
  const of = campaign('', undefined, 'unsubscribe: { mailto: stop+me@ruiz.example, url: "https://ruiz.example/u?x=1" }\n');
  const { mail: frozen, text, html } = await drafted(of);
  const found = new RegExp(
    `^List-Unsubscribe: <(https://ruiz\\.example/u\\?x=1&t=(${TOKEN}))>, <mailto:stop\\+me@ruiz\\.example\\?subject=unsubscribe%20(.*)>$`,
    'm',
  ).exec(headOf(frozen.bytes));
  expect(found?.[3]).toBe(found?.[2]);
  expect(headOf(frozen.bytes)).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click$/m);
  expect(text).toContain(`Open ${found?.[1]}\n`);
  expect(html).toContain(`<a href="${found?.[1]?.replace('&', '&amp;')}">`);
});

test('nothing posts to an address without TLS, not even to a server of one’s own', async () => {
  const head = await headers(campaign('', undefined, 'unsubscribe: { url: "http://127.0.0.1:8080/u" }\n'));
  expect(head).toContain('<http://127.0.0.1:8080/u?t=');
  expect(head).not.toContain('List-Unsubscribe-Post');
});

test.each([
  ['http://ruiz.example/u', 'mail programs post to https alone; write https://ruiz.example/u'],
  ['ruiz.example/u', 'not a web address'],
  ['javascript:alert(1)', 'mail programs post to https alone'],
  ['https://ana:pw@ruiz.example/u', 'a secret must not stand in this address'],
  ['https://ruiz.example/u#x', 'no # and no ?t= of its own'],
  ['https://ruiz.example/u?t=1', 'no # and no ?t= of its own'],
  [`https://ruiz.example/${'u'.repeat(600)}`, 'longer than 600 characters'],
])('unsubscribe.url %s is refused', (url, says) => {
  expect(() => campaign('', undefined, `unsubscribe: { url: "${url}" }\n`)).toThrow(says);
});

test('a token is the same for ever, another for each message and workspace, and no shorter than 128 bits', () => {
  const key = workspaceKey(workspaceAt(folder.path));
  const again = workspaceKey(workspaceAt(folder.path));
  const tokens = Array.from({ length: 500 }, (_, id) => unsubscribeToken(key, `mail-${id}`));
  expect(tokens).toEqual(Array.from({ length: 500 }, (_, id) => unsubscribeToken(again, `mail-${id}`)));
  const secrets = new Set(tokens.map((token) => token.split('.')[1] ?? ''));
  expect(secrets.size).toBe(500);
  for (const secret of secrets) expect(secret).toMatch(/^[\w-]{22,}$/);
  const other = new Folder();
  expect(unsubscribeToken(workspaceKey(workspaceAt(other.path)), 'mail-7')).not.toBe(unsubscribeToken(key, 'mail-7'));
  other.remove();
  expect(withToken('https://ruiz.example/u', '7.ab')).toBe('https://ruiz.example/u?t=7.ab');
  expect(withToken('https://ruiz.example/u?', '7.ab')).toBe('https://ruiz.example/u?t=7.ab');
});

test('Feedback-ID has a mark of the campaign and a sender of 5 to 15 characters, whatever campaign and domain are called', () => {
  const key = workspaceKey(workspaceAt(folder.path));
  for (const from of ['a@b.c0', 'ana@ruiz.example', `ana@${'long-'.repeat(10)}name.example`, 'Ána <a@müller.example>']) {
    for (const name of ['hello', 'Größe: "x"\r\nBcc: a@b.c', '::', 'x'.repeat(200)]) {
      expect(feedbackId(campaignMark(key, name), from)).toMatch(/^[0-9a-f]{12}:outreach:[\w-]{5,15}$/);
    }
  }
  expect(campaignMark(key, 'hello')).toBe(campaignMark(key, 'hello'));
  expect(campaignMark(key, 'hello')).not.toBe(campaignMark(key, 'hullo'));
  const sender = (from: string) => feedbackId('hello', from).split(':')[2];
  expect(sender('a@ruiz.example')).toBe(sender('Ana <b@RUIZ.example>'));
  expect(sender(`a@${'long-'.repeat(10)}one.example`)).not.toBe(sender(`a@${'long-'.repeat(10)}two.example`));
});

test('answers go where reply_to says, and the lead never sees who gets a copy', async () => {
  const head = await headers(campaign('reply_to: "Ána Ruiz <answers@ruiz.example>"\nbcc_self: true\n'));
  expect(head).toMatch(/^Reply-To: =\?UTF-8\?.* <answers@ruiz\.example>$/m);
  expect(head).not.toMatch(/^(?:bcc|cc|resent-bcc):/im);
  expect(head).toMatch(/^Feedback-ID: [0-9a-f]{12}:outreach:[\w-]+$/m);
});

test.each([
  ['reply_to: "Ana\\r\\nBcc: all@evil.example <answers@ruiz.example>"', 'a control character'],
  ['reply_to: "answers@ruiz.example\\r\\nBcc: all@evil.example"', 'a control character'],
  ['reply_to: "a@ruiz.example, all@evil.example"', 'is not a mail address'],
  ['bcc_self: all@evil.example', 'write true or false'],
])('the setting %s adds no header', async (front, refusal) => {
  if (refusal !== '') expect(() => campaign(`${front}\n`)).toThrow(refusal);
  else expect(await headers(campaign(`${front}\n`))).not.toMatch(/^(?:bcc|cc|to: .*evil):?/im);
});

test('no value of a lead adds a header, a recipient or markup', async () => {
  const evil = 'x\r\nBcc: all@evil.example\r\n\r\n<script>alert(1)</script>\u2028\u0000\u001b[2J';
  const { mail: frozen } = await drafted(campaign(), { first_name: evil, last_name: evil, name: evil, company: evil });
  const head = headOf(frozen.bytes);
  const names = head.split('\r\n').map((line) => line.split(':')[0]);
  expect(names.join()).toBe('List-Unsubscribe,Feedback-ID,X-Outreach-Id,From,To,Subject,Message-ID,MIME-Version,Content-Type');
  expect(frozen.parts().html).not.toContain('<script');
  expect(JSON.stringify([frozen.parts().subject, frozen.parts().to])).not.toMatch(/\\[rn]|\\u00/);
});

test.each([
  ['one line of 5,000 letters', 'x'.repeat(5_000)],
  ['5,000 letters of Chinese', '字'.repeat(5_000)],
  ['emoji and accents', 'Grüße 🙂 '.repeat(700)],
])('%s are folded, in headers as in the text, and come out whole', async (_, long) => {
  const frozen = await mail({
    subject: long.slice(0, 900),
    text: `${long}\n`,
    html: `<p>${long}</p>`,
    to: { email: 'g@harbour.example', name: long },
  });
  const lines = frozen.bytes.toString('latin1').split('\r\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(998);
  const body = frozen.bytes.toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n').split('\r\n');
  expect(Math.max(...body.map((line) => line.length))).toBeLessThanOrEqual(76);
  expect(frozen.bytes.every((byte) => byte < 128)).toBe(true);
  expect(readMail(frozen.bytes).text.trim()).toBe(long.trim());
  expect(readMail(frozen.bytes).html).toBe(`<p>${long}</p>`);
  expect(headerOf(frozen.bytes, 'Subject')).toBe(long.slice(0, 900).trim());
});

test('text and HTML say the same, with whole links, and nothing follows the reader', async () => {
  const of = campaign(
    '',
    'Hi {{ first_name }},\n\nsee https://ruiz.example/a?b=c&d=e.\n\nA & B\n',
    'unsubscribe: { url: "https://ruiz.example/u" }\n',
  );
  const { mail: frozen } = await drafted(of);
  const { text, html } = readMail(frozen.bytes);
  expect(text).toContain('see https://ruiz.example/a?b=c&d=e.');
  expect(text).toContain('\n-- \nAna Ruiz, Calle Mayor 1, Madrid\n');
  expect(html).toContain('<a href="https://ruiz.example/a?b=c&amp;d=e">https://ruiz.example/a?b=c&amp;d=e</a>.');
  expect(html).toContain('A &amp; B');
  expect(html).not.toMatch(/<(?:img|style|script|link|table|div|span|font|meta)\b|\b(?:style|class|bgcolor|background)=/i);
  const bare = html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim();
  expect(bare).toBe(text.replace(/\s+/g, ' ').trim());
  for (const [, url] of html.matchAll(/href="([^"]*)"/g)) expect(text).toContain((url ?? '').replaceAll('&amp;', '&'));
});

const COPIED: Partial<MailContent> = { bccSelf: true, from: 'Ana Ruiz <ana@ruiz.example>' };

test('SendGrid and Resend get reply_to, the copy and the headers, and know nothing of tracking', async () => {
  const url = 'https://ruiz.example/u?t=7.ab';
  const frozen = await mail({
    ...COPIED,
    replyTo: 'Ana (R) <answers@ruiz.example>',
    unsubscribeUrl: url,
    feedbackId: 'hello:job-1:outreach:ruiz-example',
  });
  const [one, two] = [sendgrid('k'), resend('k')].map((provider) => JSON.parse(provider.bodyOf(frozen, DATE).toString('utf8')));
  const common = {
    'List-Unsubscribe': expect.stringContaining(`<${url}>, <mailto:`),
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    'Feedback-ID': 'hello:job-1:outreach:ruiz-example',
  };
  expect(one).toMatchObject({
    reply_to: { email: 'answers@ruiz.example', name: 'Ana (R)' },
    personalizations: [{ to: [{ email: 'grace@harbour.example' }], bcc: [{ email: 'ana@ruiz.example' }] }],
    headers: common,
    tracking_settings: { click_tracking: { enable: false }, open_tracking: { enable: false } },
  });
  expect(two).toMatchObject({ reply_to: '"Ana (R)" <answers@ruiz.example>', bcc: ['ana@ruiz.example'], headers: common });
  for (const request of [one, two]) expect(Object.keys(request.headers).join()).not.toMatch(/bcc|reply-to/i);
  const plain = JSON.parse(
    resend('k')
      .bodyOf(await mail(), DATE)
      .toString('utf8'),
  );
  expect(Object.keys(plain).sort()).toEqual(['from', 'headers', 'html', 'subject', 'text', 'to']);
});
