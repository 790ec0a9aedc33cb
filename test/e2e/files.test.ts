import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Sink, startSink } from '../crash/sink.ts';
import { config, Folder, json, objects, outreach } from '../support/program.ts';
import { readMail } from '../support/readMail.ts';

let folder: Folder;
let sink: Sink;

const PDF = randomBytes(40_000);
const PNG = randomBytes(2_000);

beforeEach(async () => {
  folder = new Folder();
  sink = await startSink(() => undefined);
  folder.write('outreach.yaml', config(sink.port, '', 'unsubscribe: { url: "https://ruiz.example/u" }\n'));
  folder.write(
    'campaigns/hello.md',
    '---\nsubject: "For {{ first_name }}"\nreply_to: answers@ruiz.example\nbcc_self: true\nattachments: [{ column: proposal }]\n---\nHi\n\n![Ruiz](logo.png)\n',
  );
  folder.write('campaigns/logo.png', PNG);
  folder.write('campaigns/offers/grace.pdf', PDF);
  folder.write(
    'leads.csv',
    'email,first_name,Proposal\ngrace@harbour.example,Grace,offers/grace.pdf\neve@evil.example,Eve,../outreach.yaml\n',
  );
  await outreach(folder, ['import', 'leads.csv']);
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

const FILES = [
  { name: 'grace.pdf', size: 40_000, type: 'application/pdf', inline: false },
  { name: 'logo.png', size: 2_000, type: 'image/png', inline: true },
];

test('preview, the worker, show and test agree on the files of a mail, and on whom its opt-out speaks for', async () => {
  const previews = objects(await outreach(folder, ['preview', '--json']));
  expect(previews).toMatchObject([
    { email: 'grace@harbour.example', attachments: FILES, reason: null },
    { email: 'eve@evil.example', attachments: [], reason: expect.stringContaining('proposal: ../outreach.yaml is not the name of a file') },
  ]);
  const shown = (await outreach(folder, ['preview', '--limit', '1'])).stdout;
  expect(shown).toContain('  Attached: grace.pdf, 40 kB\n  Image in the text: logo.png, 2 kB\n');
  expect(objects(await outreach(folder, ['worker', '--until-done', '--json']))).toMatchObject([{ accepted: 1 }]);
  const [received] = sink.received;
  expect(received?.recipients).toEqual(['grace@harbour.example', 'ana@ruiz.example']);
  const { files, text } = readMail(received?.bytes ?? Buffer.alloc(0));
  expect(new Set(files.map(({ content }) => content.toString('hex')))).toEqual(new Set([PDF.toString('hex'), PNG.toString('hex')]));
  expect(/\?t=1\.\S{24}/.exec(text)?.[0]).toBe(/\?t=1\.\S{24}/.exec(String(previews[0]?.text))?.[0]);
  expect(await json(folder, 'show', '1')).toMatchObject({ attachments: FILES, attempts: [{ sha256: received?.sha256 }] });
  const tried = await json(folder, 'test', '--to', 'me@ruiz.example', '--lead', 'grace@harbour.example');
  expect(tried).toMatchObject({ outcome: 'accepted', attachments: FILES });
  expect(sink.received[1]?.recipients).toEqual(['me@ruiz.example', 'ana@ruiz.example']);
  expect(readMail(sink.received[1]?.bytes ?? Buffer.alloc(0)).files).toHaveLength(2);
});

test('a lead whose file was missing is written once the file is there', async () => {
  await outreach(folder, ['worker', '--until-done']);
  folder.write('leads.csv', 'email,first_name,Proposal\neve@evil.example,Eve,offers/eve.pdf\n');
  await outreach(folder, ['import', 'leads.csv', '--update']);
  await outreach(folder, ['worker', '--until-done']);
  const held = await outreach(folder, ['show', '2']);
  expect(held.stdout).toMatch(/review, proposal: offers\/eve\.pdf is not there; put it into/);
  const command = /outreach (generate --lead \S+ --again)/.exec(held.stdout)?.[1] ?? '';
  folder.write('campaigns/offers/eve.pdf', PDF);
  expect((await outreach(folder, command.split(' '))).code).toBe(0);
  await outreach(folder, ['worker', '--until-done']);
  expect(readMail(sink.received.find(({ to }) => to === 'eve@evil.example')?.bytes ?? Buffer.alloc(0)).files).toHaveLength(2);
});
