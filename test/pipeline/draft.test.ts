import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { templateWriter } from '../../src/llm/templateWriter.ts';
import { approveMessages, rejectMessages } from '../../src/pipeline/approveMessages.ts';
import { claimDrafts, draftMessage } from '../../src/pipeline/draftMessage.ts';
import { refreshCampaign } from '../../src/pipeline/refreshCampaign.ts';
import { retryMessages } from '../../src/pipeline/retryMessages.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { cancel, resume } from '../../src/pipeline/steerJob.ts';
import { suppress } from '../../src/store/suppressions.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { csv } from '../support/program.ts';

let bench: Bench;
const now = () => bench.now;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

const draft = async () => bench.store.db.selectFrom('drafts').selectAll().executeTakeFirstOrThrow();

test('a draft holds text, escaped HTML and frozen bytes without a date', async () => {
  await bench.import('email,first_name,company\nx@y.example,<b>Eve</b>,"A & B"\n');
  expect(await bench.draft()).toEqual(['ready']);
  const { text, html, bytes, subject } = await draft();
  expect(subject).toBe('For A & B');
  expect(text).toContain('Hi <b>Eve</b>,');
  expect(html).toContain('Hi &lt;b&gt;Eve&lt;/b&gt;,');
  const mail = bytes.toString();
  expect(mail).not.toMatch(/^Date:/m);
  expect(mail).toMatch(/^List-Unsubscribe: <mailto:ana@ruiz\.example\?subject=unsubscribe%20token-[0-9a-f-]{36}>\r$/m);
  expect(mail).toMatch(/^X-Outreach-Id: [0-9a-f-]{36}\r$/m);
  expect(mail).toMatch(/^Message-ID: <[0-9a-f-]+@ruiz\.example>\r$/m);
  expect(text).toContain('Calle Mayor 1');
});

test('lead data cannot add a header, a terminal escape or a template', async () => {
  await bench.import('email,first_name,company\nx@y.example,{ sender.name },"Evil\r\nBcc: all@y.example\u001b[31m"\n');
  await bench.draft();
  const { bytes, text, subject } = await draft();
  expect(subject).toBe('For Evil Bcc: all@y.example');
  expect(bytes.toString()).not.toMatch(/^Bcc:/im);
  expect(text).toContain('Hi { sender.name },');
});

test('a lead whose cell is template source waits for a person: it is neither run nor sent', async () => {
  await bench.import('email,first_name,company\nx@y.example,{{ sender.name }},Evil\n');
  expect(await bench.draft()).toEqual(['held']);
  expect(await bench.reasons()).toEqual([expect.stringContaining("it stands in this lead's first_name")]);
});

test('a mail that is longer than its limits waits for a person', async () => {
  const long = (bytes: number) => `email,first_name,company\nx@y.example,${'é'.repeat(bytes / 2)},Evil\n`;
  await bench.import(long(98_000));
  expect(await bench.draft()).toEqual(['ready']);
  bench.campaign = campaignWith({ subject: '{{ first_name }}', sizes: { text: 100_000, subject: 250 } });
  await refreshCampaign(bench.store, bench.campaign, [1], now);
  expect(await bench.draft()).toEqual(['held']);
  expect(await bench.reasons()).toEqual([expect.stringContaining('limits.subject_characters is 250')]);
  bench.campaign = campaignWith({ sizes: { text: 90_000, subject: 250 }, body: 'Hello {{ first_name }}' });
  await refreshCampaign(bench.store, bench.campaign, [1], now);
  expect(await bench.draft()).toEqual(['held']);
  expect(await bench.reasons()).toEqual([expect.stringContaining('limits.text_bytes is 90000')]);
});

test('a lead without a value that the mail prints waits in review and cannot be approved', async () => {
  await bench.import('email,first_name,company\nx@y.example,Eve,\n');
  expect(await bench.draft()).toEqual(['held']);
  const [row] = await bench.store.db.selectFrom('messages').select('reason').execute();
  expect(row?.reason).toContain('this lead has no company');
  expect(await approveMessages(bench.store, {}, now, { actor: 'ana' })).toEqual({ approved: 0, without_draft: 1, voided: 0, changed: 0 });
});

test('with review: all every mail waits, and approving or rejecting decides it', async () => {
  bench.campaign = campaignWith({ review: 'all' });
  await bench.import(csv(3));
  await bench.draft();
  expect(await bench.states()).toEqual(['review', 'review', 'review']);
  expect(await approveMessages(bench.store, { ids: [1] }, now, { actor: 'ana' })).toMatchObject({ approved: 1 });
  expect(await rejectMessages(bench.store, { ids: [2] }, now, 'ana')).toBe(1);
  expect(await bench.states()).toEqual(['ready', 'cancelled', 'review']);
});

test('a changed campaign voids drafts and approvals, and they are drafted anew', async () => {
  await bench.import(csv(2));
  await bench.draft();
  bench.campaign = campaignWith({ body: 'Hello {{ first_name }}!\n' });
  expect(await refreshCampaign(bench.store, bench.campaign, [1], now)).toBe(2);
  expect(await bench.states()).toEqual(['pending', 'pending']);
  expect(await refreshCampaign(bench.store, bench.campaign, [1], now)).toBe(0);
  expect(await bench.draft()).toEqual(['ready', 'ready']);
  expect((await draft()).text).toContain('Hello Lead 0!');
});

test('an approval given to an outdated draft becomes a new draft instead', async () => {
  bench.campaign = campaignWith({ review: 'all' });
  await bench.import(csv(1));
  await bench.draft();
  await bench.store.db.updateTable('campaigns').set({ content_hash: 'changed' }).execute();
  expect(await approveMessages(bench.store, {}, now, { actor: 'ana' })).toEqual({ approved: 0, without_draft: 0, voided: 1, changed: 0 });
  expect(await bench.states()).toEqual(['pending']);
});

test('a draft written from content that changed meanwhile is dropped', async () => {
  await bench.import(csv(1));
  const stale = bench.campaign;
  await refreshCampaign(bench.store, campaignWith({ body: 'new\n' }), [1], now);
  bench.campaign = stale;
  expect(await bench.draft()).toEqual(['superseded']);
  expect(await bench.states()).toEqual(['pending']);
});

test('a suppressed lead is set aside before anything is written', async () => {
  await bench.import(csv(2));
  await bench.store.write((tx) => suppress(tx, 'lead1@company1.example', 'asked to stop', 'a person', bench.now));
  expect(await bench.draft()).toEqual(['ready']);
  expect(await bench.states()).toEqual(['ready', 'suppressed']);
});

test('import counts duplicates, rejects and suppressed leads, and says where the rejects are', async () => {
  await bench.store.write((tx) => suppress(tx, 'gone@y.example', 'asked to stop', 'a person', bench.now));
  const { tally, rejects } = await bench.import(
    'email,company\na@y.example,A\nA@Y.example,A\nbroken,B\ngone@y.example,C\nAnn <ann@y.example>,D\n',
  );
  expect(tally).toMatchObject({ rows: 5, imported: 2, duplicates: 1, invalid: 1, suppressed: 1 });
  expect(readFileSync(rejects ?? '', 'utf8')).toBe(
    '\ufeffemail,company,rejected_line,rejected_reason,rejected_surplus\r\nbroken,B,4,not an address: broken,\r\n',
  );
  expect(await bench.states()).toEqual(['pending', 'suppressed', 'pending']);
});

test('the same file twice makes no second message for anyone', async () => {
  await bench.import(csv(4));
  const again = await bench.import(csv(4));
  expect(again).toMatchObject({ job: 2, tally: { imported: 0, duplicates: 4 } });
  expect(await bench.states()).toHaveLength(4);
});

test('--update refreshes fields and voids what was drafted from the old ones, never what was sent', async () => {
  await bench.import('email,first_name,company\na@y.example,Ann,A\nb@y.example,Bob,B\n');
  await bench.draft();
  await bench.store.db.updateTable('messages').set({ state: 'cancelled' }).where('id', '=', 2).execute();
  const { tally } = await bench.import('email,first_name,company\na@y.example,Anna,A\nb@y.example,Bobby,B\n', { update: true });
  expect(tally).toMatchObject({ updated: 2, imported: 0 });
  expect(await bench.states()).toEqual(['pending', 'cancelled']);
});

test('a cancelled import is dropped whole and can be imported anew', async () => {
  await bench.import(csv(5));
  await bench.store.db.updateTable('jobs').set({ imported_at: null }).execute();
  await bench.store.db.updateTable('imports').set({ finished_at: null }).execute();
  expect(await cancel(bench.store, 1, now)).toMatchObject({ dropped: 5 });
  expect((await bench.import(csv(5))).tally.imported).toBe(5);
});

test('a file that breaks in the middle leaves nothing behind', async () => {
  await expect(bench.import('email,company\na@y.example,A\nb@y.example,"never closed\n')).rejects.toThrow('a quoted cell is never closed');
  expect(await bench.states()).toEqual([]);
  expect((await bench.import('email,company\na@y.example,A\n')).tally.imported).toBe(1);
});

test('a finished job can be neither resumed nor paused', async () => {
  await bench.import('email,company\nbroken,A\n');
  await expect(resume(bench.store, 1, bench.now)).rejects.toThrow('job 1 is completed already');
  await expect(resume(bench.store, 9, bench.now)).rejects.toThrow('there is no job 9');
});

test('fields that change while a draft is written, or after a failed try, never leave in their old form', async () => {
  await bench.import('email,first_name,company\na@y.example,Ann,A\n');
  await bench.draft();
  await bench.store.db.updateTable('messages').set({ state: 'failed' }).execute();
  await bench.import('email,first_name,company\na@y.example,Anna,A\n', { update: true });
  await retryMessages(bench.store, { ids: [1] }, now);
  expect(await sendMessage(bench.sending(), 1, bench.campaign)).toMatchObject({ kind: 'nothing_due', voided: 1 });
  const [claimed] = await claimDrafts({ store: bench.store, worker: 'w1', now }, 1, 1);
  if (claimed === undefined) throw new Error('nothing to draft');
  await bench.import('email,first_name,company\na@y.example,Annika,A\n', { update: true });
  const deps = { store: bench.store, worker: 'w1', now, writerFor: () => templateWriter(4), ...bench.composing };
  expect(await draftMessage(deps, claimed, bench.campaign)).toEqual({ kind: 'superseded' });
  expect(await bench.draft()).toEqual(['ready']);
  expect((await draft()).text).toContain('Hi Annika,');
});

test('another file is not taken into a campaign beside an import that is not complete', async () => {
  await bench.import(csv(2));
  await bench.store.db.updateTable('jobs').set({ imported_at: null }).execute();
  await bench.store.db.updateTable('imports').set({ finished_at: null }).execute();
  await expect(bench.import(csv(3))).rejects.toThrow('job 1 (leads.csv) is half imported into campaign hello');
});
