import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MOST_ATTACHED } from '../../src/domain/attachment.ts';
import type { Writer } from '../../src/llm/writer.ts';
import { httpMailer } from '../../src/mail/http.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { outboxMailer } from '../../src/mail/outbox.ts';
import { resend } from '../../src/mail/resend.ts';
import { sendgrid } from '../../src/mail/sendgrid.ts';
import { approveMessages } from '../../src/pipeline/approveMessages.ts';
import { claimDrafts, draftMessage } from '../../src/pipeline/draftMessage.ts';
import { frozenMail } from '../../src/pipeline/frozenMail.ts';
import { previewMails } from '../../src/pipeline/previewMails.ts';
import { refreshCampaign } from '../../src/pipeline/refreshCampaign.ts';
import { replayMessage } from '../../src/pipeline/replayMessage.ts';
import { type SendResult, sendMessage } from '../../src/pipeline/sendMessage.ts';
import { Bench, proposalOf } from '../support/bench.ts';
import { attempt, DATE, file, mail } from '../support/mail.ts';
import { startMailProvider } from '../support/mailProvider.ts';
import { readMail } from '../support/readMail.ts';

let bench: Bench;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await bench.close();
});

const PDF = Buffer.from(`%PDF-1.7\n${'brochure '.repeat(500)}`);
const PNG = randomBytes(3_000);

const campaign = (front: string, body?: string) => bench.readCampaign(front, body);

function by(mailer: Mailer): Promise<SendResult> {
  return sendMessage({ ...bench.sending(), mailerFor: () => mailer, providerOf: () => mailer.provider }, 1, bench.campaign);
}

/** Sends the next mail to the outbox and reads it there as a mail program would. */
async function opened() {
  const before = new Set(outbox());
  expect(await by(outboxMailer(bench.folder.at('outbox')))).toMatchObject({ end: { state: 'accepted' } });
  const [name] = outbox().filter((one) => !before.has(one));
  const eml = readFileSync(bench.folder.at('outbox', name ?? ''));
  return { eml, ...readMail(eml) };
}

function outbox(): string[] {
  mkdirSync(bench.folder.at('outbox'), { recursive: true });
  return readdirSync(bench.folder.at('outbox'));
}

test('a campaign’s file and a lead’s own are in the mail, byte for byte', async () => {
  bench.folder.write('campaigns/brochure.pdf', PDF);
  bench.folder.write('campaigns/offers/grace.docx', randomBytes(9_000));
  campaign('attachments: [brochure.pdf, { column: proposal }]');
  await bench.import(proposalOf('offers/grace.docx'));
  expect(await bench.draft()).toEqual(['ready']);
  const { files, text, html } = await opened();
  expect(files).toMatchObject([
    { filename: 'brochure.pdf', type: 'application/pdf', disposition: 'attachment', inside: ['multipart/mixed'] },
    { filename: 'grace.docx', type: expect.stringContaining('wordprocessingml') },
  ]);
  expect(files[0]?.content.equals(PDF)).toBe(true);
  expect(files[1]?.content.equals(readFileSync(bench.folder.at('campaigns/offers/grace.docx')))).toBe(true);
  expect(text).toContain('one question.');
  expect(html).toContain('one question.');
});

test('an image in the template is shown in the HTML and named in the text; one that a lead writes is text', async () => {
  bench.folder.write('campaigns/img/logo.png', PNG);
  campaign('', 'Hi {{ first_name }},\n\n![Our "logo"](img/logo.png) and again ![](img/logo.png)\n');
  await bench.import('email,first_name\na@y.example,![x](img/logo.png)\n');
  expect(await bench.draft()).toEqual(['ready']);
  const { eml, files, text } = await opened();
  expect(files).toHaveLength(1);
  expect(files[0]).toMatchObject({ type: 'image/png', disposition: 'inline', inside: expect.arrayContaining(['multipart/related']) });
  expect(files[0]?.content.equals(PNG)).toBe(true);
  expect(text).toContain('Hi ![x](img/logo.png),\n\n[Our "logo"] and again [image]');
  const [html] = await bench.store.db.selectFrom('drafts').select('html').execute();
  expect(html?.html).toContain(`<img src="cid:${files[0]?.cid}" alt="Our &quot;logo&quot;">`);
  expect(html?.html).toContain('Hi ![x](img/logo.png),');
  expect(html?.html.match(/<img /g)).toHaveLength(2);
  expect(eml.toString('latin1')).toMatch(/^Content-Type: multipart\/alternative/m);
});

test('an image that a condition leaves out is not in the mail', async () => {
  bench.folder.write('campaigns/logo.png', PNG);
  campaign('', 'Hi {{ first_name }}\n{% if city %}![logo](logo.png){% endif %}\n');
  await bench.import('email,first_name,city\na@y.example,Ann,\nb@y.example,Bob,Berlin\n');
  expect(await bench.draft()).toEqual(['ready', 'ready']);
  expect((await opened()).files).toEqual([]);
  expect((await opened()).files).toHaveLength(1);
});

test.each(['notes.txt', 'data.csv', 'invite.ics', 'mail.eml', 'page.html', 'run.exe', 'noextension', 'deck.PPTX', 'x.constructor'])(
  'a file called %s comes out byte for byte, as something that no mail program runs',
  async (name) => {
    const content = Buffer.from('line\n.dot\r\nFrom here\n\0 end');
    bench.folder.write(`campaigns/${name}`, content);
    campaign(`attachments: [${name}]`);
    await bench.import(proposalOf('x'));
    expect(await bench.draft()).toEqual(['ready']);
    const { files } = await opened();
    expect(files).toMatchObject([
      { filename: name, disposition: 'attachment', type: expect.not.stringMatching(/html|message|javascript/) },
    ]);
    expect(files[0]?.content.equals(content)).toBe(true);
  },
);

test('no model is paid for a lead whose file is missing', async () => {
  campaign('attachments: [{ column: proposal }]');
  await bench.import(proposalOf('gone.pdf'));
  let asked = 0;
  const writer: Writer = {
    width: () => 1,
    write: async () => {
      asked++;
      return { kind: 'written', subject: 'x', text: 'x' };
    },
  };
  const deps = { store: bench.store, worker: 'w1', now: () => bench.now, writer, ...bench.composing };
  expect(await previewMails(deps, bench.campaign, 1)).toMatchObject([{ draft: undefined, reason: expect.stringContaining('gone.pdf') }]);
  const [claimed] = await claimDrafts(deps, 1, 1);
  if (claimed === undefined) throw new Error('nothing to draft');
  expect(await draftMessage({ ...deps, writerFor: () => writer }, claimed, bench.campaign)).toMatchObject({ kind: 'held' });
  expect(asked).toBe(0);
});

test('what the campaign attaches and what the lead does must fit into one mail together', async () => {
  for (const name of ['a.bin', 'b.bin']) bench.folder.write(`campaigns/${name}`, Buffer.alloc(10 * 1024 * 1024, name));
  campaign('attachments: [a.bin, { column: proposal }]');
  await bench.import(proposalOf('b.bin'));
  expect(await bench.draft()).toEqual(['held']);
  expect(await bench.reasons()).toEqual(['20 MB of files, and a mail can carry 18 MB']);
});

test('the largest mail stays below what Gmail, SendGrid and Resend take', async () => {
  const full = await mail({ attachments: [file('full.bin', Buffer.alloc(MOST_ATTACHED))] });
  expect(full.bytes.length).toBeLessThan(25 * 1024 * 1024);
  expect(sendgrid('k').bodyOf(full, DATE).length).toBeLessThan(30_000_000);
  expect(resend('k').bodyOf(full, DATE).length).toBeLessThan(40_000_000);
});

test('a file that changes after its mail was written: what was frozen is what goes out', async () => {
  bench.folder.write('campaigns/offer.pdf', PDF);
  campaign('review: all\nattachments: [{ column: proposal }]');
  await bench.import(proposalOf('offer.pdf'));
  await bench.draft();
  bench.folder.write('campaigns/offer.pdf', 'something else');
  await approveMessages(bench.store, {}, () => bench.now, { actor: 'ana' });
  const { files } = await opened();
  expect(files[0]?.content.equals(PDF)).toBe(true);
});

test('a campaign’s own file that changes voids what was approved with the old one', async () => {
  bench.folder.write('campaigns/brochure.pdf', PDF);
  const before = campaign('attachments: [brochure.pdf]');
  await bench.import(proposalOf('x'));
  await bench.draft();
  bench.folder.write('campaigns/brochure.pdf', 'a new edition');
  bench.campaign = before;
  const after = campaign('attachments: [brochure.pdf]');
  expect(after.contentHash).not.toBe(before.contentHash);
  expect(await refreshCampaign(bench.store, after, [1], () => bench.now)).toBe(1);
  bench.campaign = before;
  expect(await bench.draft()).toEqual(['resting']);
  bench.campaign = after;
  expect(await bench.draft()).toEqual(['ready']);
  expect((await opened()).files[0]?.content.toString()).toBe('a new edition');
});

test('a file is kept once for all mails, however often and under whatever name they attach it', async () => {
  bench.folder.write('campaigns/brochure.pdf', PDF);
  bench.folder.write('campaigns/copy.pdf', PDF);
  campaign('attachments: [brochure.pdf, copy.pdf, { column: proposal }]');
  await bench.import(`email,first_name,proposal\n${['a', 'b', 'c'].map((name) => `${name}@y.example,${name},brochure.pdf`).join('\n')}\n`);
  expect(await bench.draft()).toEqual(['ready', 'ready', 'ready']);
  expect(await bench.filesKept()).toHaveLength(1);
  const drafts = await bench.store.db.selectFrom('drafts').select('bytes').execute();
  for (const { bytes } of drafts) expect(bytes.length).toBeLessThan(PDF.length);
  const { files } = await opened();
  expect(files.map(({ filename }) => filename)).toEqual(['brochure.pdf', 'copy.pdf', 'brochure.pdf']);
  for (const { content } of files) expect(content.equals(PDF)).toBe(true);
});

test.each(['a "quoted" name; x=y.pdf', 'Größe — 你好 🙂.pdf', `${'ä'.repeat(100)}.pdf`, "it's 100% off.pdf"])(
  'a file called %j comes out under its name and adds no header',
  async (name) => {
    bench.folder.write(`campaigns/${name}`, PDF);
    campaign('attachments: [{ column: proposal }]');
    await bench.import(proposalOf(name));
    expect(await bench.draft()).toEqual(['ready']);
    const { eml, files } = await opened();
    expect(files.map(({ filename }) => filename)).toEqual([name]);
    expect(files[0]?.content.equals(PDF)).toBe(true);
    const lines = eml.toString('latin1').split('\r\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(998);
    expect(eml.every((byte) => byte < 128)).toBe(true);
  },
);

test('a mail whose stored file is not what was approved is not sent, and drafted anew', async () => {
  bench.folder.write('campaigns/brochure.pdf', PDF);
  campaign('attachments: [brochure.pdf]');
  await bench.import(proposalOf('x'));
  for (const broken of ['replaced', 'gone'] as const) {
    await bench.draft();
    if (broken === 'gone') await bench.store.db.deleteFrom('attached_files').execute();
    else
      await bench.store.db
        .updateTable('attached_files')
        .set({ content: Buffer.from('evil') })
        .execute();
    expect(await by(outboxMailer(bench.folder.at('outbox')))).toMatchObject({ kind: 'nothing_due', voided: 1 });
    expect(await bench.states()).toEqual(['pending']);
  }
  expect(await bench.draft()).toEqual(['ready']);
  expect((await opened()).files[0]?.content.equals(PDF)).toBe(true);
});

test('a try that failed is followed by the same bytes, whatever happened to the file meanwhile', async () => {
  bench.folder.write('campaigns/offer.pdf', PDF);
  campaign('attachments: [{ column: proposal }]');
  await bench.import(proposalOf('offer.pdf'));
  await bench.draft();
  const hashes: string[] = [];
  const failing: Mailer = {
    provider: 'test',
    deliver: async (sent) => {
      hashes.push(sent.sha256);
      return { kind: 'temporary', code: 451, reply: '451 later' };
    },
    close: async () => {},
  };
  expect(await by(failing)).toMatchObject({ end: { state: 'ready' } });
  rmSync(bench.folder.at('campaigns/offer.pdf'));
  bench.now += 3_600_000;
  expect(await by(failing)).toMatchObject({ end: { state: 'ready' } });
  expect(hashes[1]).toBe(hashes[0]);
});

test('Resend is asked again with the very same request, files and images included', async () => {
  bench.folder.write('campaigns/brochure.pdf', PDF);
  bench.folder.write('campaigns/logo.png', PNG);
  campaign('attachments: [brochure.pdf]', 'Hi {{ first_name }}\n\n![logo](logo.png)\n');
  await bench.import(proposalOf('x'));
  await bench.draft();
  const server = await startMailProvider(() => 'reset after the request, taken');
  const mailer = httpMailer(resend('k', server.url));
  closing.push(server.close, mailer.close);
  expect(await by(mailer)).toMatchObject({ end: { state: 'uncertain' } });
  rmSync(bench.folder.at('campaigns/brochure.pdf'));
  bench.now += 60_000;
  const accounts = new Map([['main', mailer.account?.(Buffer.alloc(32)) ?? '']]);
  await bench.register(accounts);
  const deps = { ...bench.sending(), mailerFor: () => mailer, accounts };
  expect(await replayMessage(deps)).toMatchObject({ state: 'accepted' });
  expect(server.requests).toHaveLength(1);
});

test('SendGrid and Resend get files and images as their APIs name them', async () => {
  const attachments = [
    file('a b.pdf', PDF, { type: 'application/pdf' }),
    file('logo.png', PNG, { type: 'image/png', cid: 'ab12@outreach' }),
  ];
  const frozen = await mail({ attachments });
  const [one, two] = [sendgrid('k'), resend('k')].map((provider) => JSON.parse(provider.bodyOf(frozen, DATE).toString('utf8')).attachments);
  const [pdf, png] = [PDF, PNG].map((content) => content.toString('base64'));
  expect(one).toEqual([
    { content: pdf, type: 'application/pdf', filename: 'a b.pdf', disposition: 'attachment' },
    { content: png, type: 'image/png', filename: 'logo.png', disposition: 'inline', content_id: 'ab12@outreach' },
  ]);
  expect(two).toEqual([
    { content: pdf, content_type: 'application/pdf', filename: 'a b.pdf' },
    { content: png, content_type: 'image/png', filename: 'logo.png', content_id: 'ab12@outreach' },
  ]);
});

test('a draft read back from the database is the mail that was composed', async () => {
  bench.folder.write('campaigns/brochure.pdf', PDF);
  bench.folder.write('campaigns/logo.png', PNG);
  campaign('reply_to: answers@ruiz.example\nbcc_self: true\nattachments: [brochure.pdf]', 'Hi\n\n![logo](logo.png)\n');
  await bench.import(proposalOf('x'));
  await bench.draft();
  const row = await bench.store.db
    .selectFrom('drafts')
    .innerJoin('messages', 'messages.id', 'drafts.message_id')
    .selectAll()
    .executeTakeFirstOrThrow();
  const frozen = await frozenMail(bench.store.db, row);
  expect(frozen?.envelope).toMatchObject({ to: 'grace@harbour.example', bcc: 'ana@ruiz.example' });
  expect(frozen?.parts()).toMatchObject({
    replyTo: { email: 'answers@ruiz.example' },
    attachments: [{ name: 'brochure.pdf' }, { name: 'logo.png' }],
  });
  const trying = attempt();
  await outboxMailer(bench.folder.at('outbox')).deliver(frozen ?? (await mail()), trying);
  expect(trying.armed).toHaveLength(1);
});
