import { generateKeyPairSync } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { publicHalf } from '../../src/mail/dkim.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, json, objects, outreach } from '../support/program.ts';

let folder: Folder;
let sink: Sink;

beforeEach(async () => {
  folder = new Folder();
  sink = await startSink(() => undefined);
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

async function workspace(key: string): Promise<void> {
  folder.write('outreach.yaml', config(sink.port, `dkim: { domain: ruiz.example, selector: s1, key: "${key}" }`));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(1));
  await outreach(folder, ['import', 'leads.csv']);
}

const pem = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const worker = (env: Record<string, string> = {}) => outreach(folder, ['worker', '--until-done', '--json'], env);

test('a worker signs each mail, warns of a key that others can read, and records the hash of what it sent', async () => {
  const key = pem(2048) as string;
  chmodSync(folder.write('keys/dkim.pem', key), 0o644);
  await workspace('file:keys/dkim.pem');
  const ended = await worker();
  expect(objects(ended)).toMatchObject([{ accepted: 1 }]);
  expect(ended.stderr).toMatch(/dkim\.pem can be read by everybody on this machine; run: chmod 600/);
  const [received] = sink.received;
  const resolver = async () => [[`v=DKIM1; k=rsa; p=${publicHalf(key, 'x')}`]];
  const { results } = await dkimVerify(received?.bytes ?? '', { resolver, minBitLength: 2048 });
  expect(results).toMatchObject([{ signingDomain: 'ruiz.example', selector: 's1', status: { result: 'pass' } }]);
  expect(await json(folder, 'show', '1')).toMatchObject({ attempts: [{ sha256: received?.sha256 }] });
  chmodSync(folder.at('keys/dkim.pem'), 0o600);
  expect((await worker()).stderr).not.toContain('can be read by everybody');
});

test('a key comes from the environment too', async () => {
  await workspace('env:DKIM');
  expect(objects(await worker({ DKIM: pem(2048) as string }))).toMatchObject([{ accepted: 1 }]);
  expect(sink.received[0]?.bytes.toString()).toMatch(/^DKIM-Signature: /);
});

test.each([
  ['file:gone.pem', /dkim\.key: there is no .*gone\.pem/],
  ['file:.', /dkim\.key: .* is not a regular file/],
  ['file:weak.pem', /dkim\.key \(file:weak\.pem\): an RSA key of 1024 bits is too weak/],
  ['file:campaigns/hello.md', /dkim\.key \(file:campaigns\/hello\.md\): this is not a private key/],
])('with the key %s a worker refuses to start, and sends nothing', async (key, says) => {
  folder.write('weak.pem', pem(1024) as string);
  await workspace(key);
  const ended = await worker();
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(says);
  expect(sink.received).toEqual([]);
  expect(await json(folder, 'show', '1')).toMatchObject({ attempts: [] });
});
