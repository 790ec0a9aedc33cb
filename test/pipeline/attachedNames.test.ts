import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkFileColumns, MOST_ATTACHED } from '../../src/domain/attachment.ts';
import { Bench, proposalOf } from '../support/bench.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

const PDF = '%PDF-1.7 brochure';

test.each([
  ['../outreach.yaml', 'is not the name of a file'],
  ['offers/../../outreach.yaml', 'is not the name of a file'],
  ['./brochure.pdf', 'is not the name of a file'],
  ['.env', 'is not the name of a file'],
  ['offers/.git/config', 'is not the name of a file'],
  ['/etc/passwd', 'is not the name of a file'],
  ['C:\\secrets.txt', 'is not the name of a file'],
  ['offers\\grace.pdf', 'is not the name of a file'],
  ['brochure.pdf\r\nBcc: all@evil.example', 'is not the name of a file'],
  ['brochure.pdf\u0000.txt', 'is not the name of a file'],
  ['link.pdf', 'leads out of the campaigns folder'],
  ['outside/outreach.yaml', 'leads out of the campaigns folder'],
  ['zero', 'leads out of the campaigns folder'],
  ['hello.md', 'is a campaign, not a file to attach'],
  ['inside.pdf', 'is a campaign, not a file to attach'],
  ['offers', 'is not a regular file'],
  ['pipe', 'is not a regular file'],
  ['loop', 'cannot be read (ELOOP)'],
  ['empty.pdf', 'is empty'],
  ['large.bin', 'is too large: 18.1 MB of files, and a mail can carry 18 MB'],
  ['gone.pdf', 'is not there; put it into'],
  ['brochure.pdf/x', 'is not there; put it into'],
  ['x'.repeat(5_000), 'is not there; put it into'],
  ['x.constructor', 'is not there; put it into'],
])('a lead whose column says %j waits for a person, and one sentence says why', async (name, says) => {
  const { folder } = bench;
  folder.write('campaigns/brochure.pdf', PDF);
  folder.write('campaigns/empty.pdf', '');
  if (name === 'large.bin') folder.write('campaigns/large.bin', Buffer.alloc(MOST_ATTACHED + 1));
  mkdirSync(folder.at('campaigns/offers'));
  execFileSync('mkfifo', [folder.at('campaigns/pipe')]);
  for (const [link, target] of Object.entries({
    'link.pdf': '../outreach.yaml',
    outside: '..',
    zero: '/dev/zero',
    'inside.pdf': 'hello.md',
    loop: 'loop',
  }))
    symlinkSync(target, folder.at('campaigns', link));
  bench.readCampaign('attachments: [{ column: proposal }]');
  await bench.import(proposalOf('brochure.pdf'));
  // Behind the back of the import, which cleans what it reads.
  const fields = JSON.stringify({ first_name: 'Grace', proposal: name });
  await bench.store.db.updateTable('prospects').set({ fields }).execute();
  expect(await bench.draft()).toEqual(['held']);
  const [reason] = await bench.reasons();
  expect(reason).toContain(says);
  expect(reason).toMatch(/^proposal: [^\r\n\0]{1,400}$/);
  expect(await bench.filesKept()).toEqual([]);
});

test.skipIf(process.getuid?.() === 0)('a file that may not be read is named', async () => {
  chmodSync(bench.folder.write('campaigns/secret.pdf', PDF), 0o000);
  expect(() => bench.readCampaign('attachments: [secret.pdf]')).toThrow('secret.pdf cannot be read (EACCES)');
});

test('a lead without the column waits, even where every object has something by its name', async () => {
  bench.readCampaign('attachments: [{ column: constructor }]');
  await bench.import(proposalOf('x'));
  expect(await bench.draft()).toEqual(['held']);
  expect(await bench.reasons()).toEqual(['this lead has no constructor, which names a file to attach; fill it in']);
  expect(() => checkFileColumns([{ column: 'propsal' }], ['email', 'proposal'], 'hello.md')).toThrow('did you mean proposal?');
});

test.each([
  ['attachments: [gone.pdf]', 'Hi\n', /hello\.md:3: attachments: gone\.pdf is not there/],
  ['attachments: [../outreach.yaml]', 'Hi\n', /hello\.md:3: attachments: .* is not the name of a file/],
  ['attachments: [a.bin, b.bin]', 'Hi\n', /hello\.md:3: attachments: 20 MB of files, and a mail can carry 18 MB; link to/],
  ['attachments: brochure.pdf', 'Hi\n', /hello\.md:3:1: attachments: a list; write \[brochure\.pdf\]/],
  ['attachments: [{ column: "Not a column" }]', 'Hi\n', /hello\.md:3:15: attachments.*not a file; write its name in the campaigns folder/],
  ['', 'Hi\n![x](gone.png)\n', /hello\.md:6: image: gone\.png is not there/],
  ['', 'Hi\n![x](https://ruiz.example/pixel.png)\n', /hello\.md:6: image: https:\/\/ruiz\.example\/pixel\.png is not the name of a file/],
  ['', 'Hi\n![x](notes.txt)\n', /hello\.md:6: notes\.txt: an image in the text is a \.png/],
  ['', 'Hi\n![x](x.constructor)\n', /hello\.md:6: x\.constructor: an image in the text is a \.png/],
])('a campaign that says %j and %j is refused with its line', async (front, body, says) => {
  for (const name of ['a.bin', 'b.bin']) bench.folder.write(`campaigns/${name}`, Buffer.alloc(10 * 1024 * 1024));
  expect(() => bench.readCampaign(front, body)).toThrow(says);
});
