import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withoutInvisible } from '../../src/domain/invisible.ts';
import { mailPrompt } from '../../src/domain/prompt.ts';
import { forTerminal } from '../../src/domain/text.ts';
import { composeDraft, fieldsOf } from '../../src/pipeline/draftMessage.ts';
import { prospectById } from '../../src/store/prospects.ts';
import { storedNames } from '../../src/terminal/mailHead.ts';
import { Bench, campaignWith, proposalOf } from '../support/bench.ts';
import { headerOf, mailboxOf, readMail } from '../support/readMail.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

/** What reaches the reader, and what `show` has to print. */
async function drafted() {
  const draft = await bench.store.db.selectFrom('drafts').selectAll().executeTakeFirstOrThrow();
  const bytes = Buffer.from(draft.bytes);
  return { draft, subject: headerOf(bytes, 'Subject'), to: mailboxOf(bytes, 'To'), ...readMail(bytes) };
}

const SECRET = [...'buy now'].map((letter) => String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0))).join('');

test('what nobody sees in a cell reaches neither subject, name nor text, and its stored lead is as it was imported', async () => {
  const name = `Gr\u200bace${SECRET}`;
  await bench.import(
    `email,first_name,last_name,company\ngrace@harbour.example,${name},\u202eHopper\u202c,Har\u00adbour\u2060 \u2066Ltd\n`,
  );
  expect(await bench.draft()).toEqual(['ready']);
  const { subject, to, text, html, draft } = await drafted();
  expect(subject).toBe('For Harbour Ltd');
  expect(to).toEqual({ name: 'Grace Hopper', email: 'grace@harbour.example' });
  expect(text).toContain('Hi Grace,');
  expect(html).toContain('<p>Hi Grace,</p>');
  expect([draft.subject, draft.text, draft.html, draft.addressing].join('\n')).not.toMatch(/\p{Default_Ignorable_Code_Point}/u);
  expect(storedNames(draft.addressing)).toBe('From Ana Ruiz <ana@ruiz.example> to Grace Hopper <grace@harbour.example>');
  const stored = await prospectById(bench.store.db, 1);
  expect(JSON.parse(stored.fields)).toMatchObject({ first_name: name, last_name: '\u202eHopper\u202c' });
  expect(JSON.stringify(mailPrompt(campaignWith({}), fieldsOf(stored)).messages)).not.toMatch(/\p{Default_Ignorable_Code_Point}|buy/u);
});

test('what a script or an emoji needs reaches the reader', async () => {
  await bench.import('email,first_name,company\na@x.example,می\u200cخواهم,👩‍🚀 葛\u{e0100} 🏴󠁧󠁢󠁷󠁬󠁳󠁿\n');
  expect(await bench.draft()).toEqual(['ready']);
  const { subject, text, to } = await drafted();
  expect(subject).toBe('For 👩‍🚀 葛\u{e0100} 🏴󠁧󠁢󠁷󠁬󠁳󠁿');
  expect(text).toContain('Hi می\u200cخواهم,');
  expect(to?.name).toBe('می\u200cخواهم');
});

test('a cell in which nothing is seen counts as empty: a default takes its place, and a lead without one waits', async () => {
  await bench.import('email,first_name,company\na@x.example,\u200b\u2060,x\n');
  expect(await bench.draft()).toEqual(['ready']);
  const { text, to } = await drafted();
  expect(text).toContain('Hi there,');
  expect(to?.name).toBe('');
  await bench.import('email,first_name,company\nb@x.example,Eve,\u3164\n');
  expect(await bench.draft(2)).toEqual(['held']);
  expect((await bench.reasons())[1]).toContain('this lead has no company');
});

test('what the author of a campaign wrote goes out as it is, and every view shows it', async () => {
  bench.campaign = campaignWith({ subject: 'For\u202e {{ company }}\u200b!', from: 'An\u2066a <ana@ruiz.example>' });
  await bench.import('email,company\na@x.example,Harbour\n');
  await bench.draft();
  const { subject, draft } = await drafted();
  expect(subject).toBe('For\u202e Harbour\u200b!');
  expect(forTerminal(draft.subject)).toBe('For⟨U+202E⟩ Harbour⟨U+200B⟩!');
  expect(storedNames(draft.addressing)).toBe('From An⟨U+2066⟩a <ana@ruiz.example> to a@x.example');
});

test('a filter that cuts a character in two leaves no half of it', async () => {
  bench.campaign = campaignWith({ subject: "{{ company | split: '' | slice: 0, 3 | join: '' }}" });
  await bench.import('email,company\na@x.example,ab🙂c\n');
  await bench.draft();
  const { subject, draft } = await drafted();
  expect(subject).toBe('ab');
  expect(draft.subject).toBe('ab');
});

const PDF = '%PDF-1.7';

test.each([
  ['the cell and the file', 'x.pdf\u202efdp.exe', 'x.pdf\u202efdp.exe'],
  ['the cell alone', 'offer\u200b.pdf', 'offer.pdf'],
  ['the file alone', 'offer.pdf', 'off\u00ader.pdf'],
])('a file is found by what is seen of its name, and travels under that: invisible characters in %s', async (_, cell, onDisk) => {
  bench.folder.write(`campaigns/${onDisk}`, PDF);
  bench.readCampaign('attachments: [{ column: proposal }]');
  await bench.import(proposalOf(cell));
  expect(await bench.draft()).toEqual(['ready']);
  const { draft } = await drafted();
  expect(JSON.parse(draft.attachments)).toMatchObject([{ name: withoutInvisible(cell), size: PDF.length }]);
});

test('of two files that look alike none is taken, unless one of them is called just that', async () => {
  bench.folder.write('campaigns/off\u00ader.pdf', PDF);
  bench.folder.write('campaigns/offer\u2060.pdf', `${PDF} other`);
  bench.readCampaign('attachments: [{ column: proposal }]');
  await bench.import(proposalOf('offer.pdf'));
  expect(await bench.draft()).toEqual(['held']);
  expect(await bench.reasons()).toEqual([expect.stringContaining('offer.pdf is not there')]);
  bench.folder.write('campaigns/offer.pdf', `${PDF} the one`);
  await bench.import(proposalOf('offer.pdf').replaceAll('grace@', 'eve@'));
  expect(await bench.draft(2)).toEqual(['ready']);
  expect(JSON.parse((await drafted()).draft.attachments)).toMatchObject([{ size: `${PDF} the one`.length }]);
});

test('no file that a name without invisible characters could not reach is reached with them', async () => {
  bench.folder.write('campaigns/.env', 'SECRET=1');
  bench.folder.write('campaigns/\u200b.env', 'SECRET=1');
  bench.folder.write('campaigns/other\u200b.md', 'x');
  for (const name of ['\u200b.env', '.\u200benv', '.\u2060./outreach.yaml', 'other.md']) {
    bench.readCampaign('attachments: [{ column: proposal }]');
    await bench.import(proposalOf(name).replaceAll('grace@', `${name.length}${name.codePointAt(0)}@`));
  }
  for (const job of [1, 2, 3, 4]) expect(await bench.draft(job)).toEqual(['held']);
});

/** Cells as strangers fill them in, dense in what a header could read otherwise. */
const cells = fc
  .array(
    fc.oneof(
      fc.constantFrom('=?', '?=', '=?UTF-8?B?SGk=?=', '=?utf-8?q?a_b?=', '=?utf-8?Q?a b?=', '=?x?q?', '"', '\\', '<', '>', '(', ',', ';'),
      fc.constantFrom(
        ' ',
        '  ',
        '=',
        '?',
        '_',
        'a',
        'ä',
        '字',
        '🙂',
        '👩‍🚀',
        '\u200b',
        '\u202e',
        '.',
        '@',
        ':',
        'x'.repeat(80),
        'é'.repeat(40),
      ),
      fc.string({ unit: 'grapheme', maxLength: 5 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''));

test('for any cells: what the reader gets is what was shown, and what was shown is what the cells say', async () => {
  const campaign = campaignWith({ subject: '{{ company }}', body: '{{ company }}|{{ note }}', sizes: { text: 100_000, subject: 900 } });
  const line = (text: string) => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
  await fc.assert(
    fc.asyncProperty(cells, cells, cells, async (company, name, note) => {
      const raw = { company: `${company}x`, name: `${name}x`, note: `${note}x` };
      const lead = fieldsOf({ email: 'grace@harbour.example', fields: JSON.stringify(raw) });
      const written = { subject: line(lead.company ?? ''), text: `${lead.company}|${lead.note}` };
      const deps = { ...bench.composing, now: () => 0 };
      const draft = await composeDraft(deps, campaign, lead, written);
      if (draft.kind !== 'composed') throw new Error(draft.reason);
      const { bytes } = draft.mail;
      expect(headerOf(bytes, 'Subject')).toBe(draft.subject);
      expect(draft.subject).toBe(line(withoutInvisible(raw.company).trim()));
      expect(mailboxOf(bytes, 'To')).toEqual({ email: 'grace@harbour.example', name: draft.mail.parts().to.name });
      expect(draft.mail.parts().to.name).toBe([...line(withoutInvisible(raw.name).trim())].slice(0, 100).join(''));
      expect(readMail(bytes).text.trimEnd()).toBe(draft.text.trimEnd());
      expect(forTerminal(draft.subject)).toBe(draft.subject);
      expect(
        bytes
          .toString('latin1')
          .split('\r\n')
          .every((each) => each.length <= 998 && /^[\x20-\x7e\t]*$/.test(each)),
      ).toBe(true);
    }),
    { numRuns: 150 },
  );
});
