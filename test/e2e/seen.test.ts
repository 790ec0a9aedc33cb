import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Folder, json, outreach } from '../support/program.ts';
import { headerOf, mailboxOf, readMail } from '../support/readMail.ts';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
  folder.write('outreach.yaml', 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n');
});

afterEach(() => folder.remove());

const HIDDEN = '\u202e\u2066\u200b\u{e0041}\u{e007f}';

/** The one mail that left, as its reader sees it. */
function sent() {
  const [name = ''] = readdirSync(folder.at('.outreach', 'outbox'));
  const bytes = readFileSync(folder.at('.outreach', 'outbox', name));
  return { subject: headerOf(bytes, 'Subject') ?? '', to: mailboxOf(bytes, 'To'), text: readMail(bytes).text };
}

test('preview and show print a mail as its reader will get it, to the last character', async () => {
  folder.write(
    'campaigns/hello.md',
    `---\nsubject: "{{ company }} and you"\nreview: all\n---\nHi {{ first_name }},\u2060 {{ company }}.\n`,
  );
  const company = `=?UTF-8?B?SGk=?= ${'Harbour '.repeat(25)}end`;
  folder.write(
    'leads.csv',
    `email,first_name,last_name,company\ngrace@harbour.example,Gr${HIDDEN}ace,=?utf-8?q?Hi?=,${company}${HIDDEN}\n`,
  );
  await outreach(folder, ['import', 'leads.csv', '--campaign', 'hello']);
  const preview = await outreach(folder, ['preview', 'hello']);
  await outreach(folder, ['worker', '--drain']);
  const show = await outreach(folder, ['show', '1']);
  await outreach(folder, ['approve', '--all', '--unseen']);
  await outreach(folder, ['worker', '--until-done']);
  const { subject, to, text } = sent();
  expect(subject).toBe(`${company} and you`);
  expect(to).toEqual({ name: 'Grace =?utf-8?q?Hi?=', email: 'grace@harbour.example' });
  expect(text).toContain(`Hi Grace,\u2060 ${company}.`);
  for (const { stdout } of [preview, show]) {
    expect(stdout).toContain(subject);
    expect(stdout).toContain(`to ${to?.name} <${to?.email}>`);
    // What the author of the campaign wrote is sent, and so it is shown.
    expect(stdout).toContain(`Hi Grace,⟨U+2060⟩ ${company}.`);
    expect(stdout).not.toMatch(/\p{Default_Ignorable_Code_Point}/u);
  }
  expect(await json(folder, 'show', '1')).toMatchObject({ subject });
  const inAscii = await outreach(folder, ['show', '1'], { LC_ALL: 'C' });
  expect(inAscii.stdout).toContain('Hi Grace,<U+2060> ');
});

test('show finds a mail by what stands in it: Message-ID, X-Outreach-Id, or the token of its opt-out', async () => {
  folder.write('campaigns/hello.md', '---\nsubject: Hi\n---\nHi.\n');
  folder.write('leads.csv', 'email\nada@harbour.example\ngrace@harbour.example\n');
  await outreach(folder, ['import', 'leads.csv', '--campaign', 'hello']);
  await outreach(folder, ['worker', '--until-done']);
  const { message_id } = await json<{ message_id: string }>(folder, 'show', '2');
  const reference = message_id.slice(1, message_id.indexOf('@'));
  for (const named of [message_id, reference, `${reference}.${'a'.repeat(24)}`, reference.toUpperCase()])
    expect(await json(folder, 'show', named)).toMatchObject({ id: 2, email: 'grace@harbour.example' });
  for (const unknown of ['00000000-0000-4000-8000-000000000000', '%', `${reference}%`])
    expect((await outreach(folder, ['show', unknown])).code).not.toBe(0);
});
