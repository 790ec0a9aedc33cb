import { afterEach, beforeEach, expect, test } from 'vitest';
import { loginsOf } from '../../src/app/logins.ts';
import { loadConfig } from '../../src/config/config.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import type { LoginAnswer } from '../../src/domain/login.ts';
import { rememberSecret } from '../../src/domain/redact.ts';
import { type EchoServer, startEchoHttp, startEchoSmtp } from '../support/echoServers.ts';
import { Folder } from '../support/program.ts';

const RIGHT = 'SG.right-key-123456';
const WRONG = 'SG.wrong-key-123456';

let folder: Folder;
let smtp: EchoServer;
let http: EchoServer;
let answer: { status: number; body?: object };

beforeEach(async () => {
  folder = new Folder();
  answer = { status: 200, body: {} };
  smtp = await startEchoSmtp(undefined, RIGHT);
  http = await startEchoHttp((_path, authorization) => (authorization === `Bearer ${RIGHT}` ? answer : { status: 401 }));
  rememberSecret(RIGHT);
  rememberSecret(WRONG);
});

afterEach(async () => {
  await smtp.close();
  await http.close();
  folder.remove();
});

async function tryOut(name: string, secret: string, port = http.port): Promise<LoginAnswer | undefined> {
  const from = 'from: "Ana <ana@ruiz.example>"';
  const base = `http://127.0.0.1:${port}`;
  folder.write(
    'outreach.yaml',
    `version: 1
identity: { name: Ana Ruiz, timezone: Europe/Madrid }
senders:
  - { name: smtp, type: smtp, ${from}, host: 127.0.0.1, port: ${smtp.port}, security: none, user: ana, password: "env:A" }
  - { name: open, type: smtp, ${from}, host: 127.0.0.1, port: ${smtp.port}, security: none }
  - { name: sendgrid, type: sendgrid, ${from}, base_url: "${base}", api_key: "env:A" }
  - { name: resend, type: resend, ${from}, base_url: "${base}", api_key: "env:A" }
  - { name: outbox, type: outbox, ${from} }
ai: { providers: [{ name: model, base_url: "${base}/v1/", model: m, api_key: "env:A" }] }
`,
  );
  const logins = loginsOf(loadConfig(workspaceAt(folder.path)));
  expect(logins.map((login) => login.name)).toEqual(['smtp', 'open', 'sendgrid', 'resend', 'model']);
  return logins.find((login) => login.name === name)?.tryOut?.(secret);
}

test.each([
  ['sendgrid', 'GET /v3/scopes'],
  ['resend', 'GET /domains'],
  ['model', 'GET /v1/models'],
])('%s is asked whether it takes a key, and its no is told without the key', async (name, request) => {
  expect(await tryOut(name, RIGHT)).toEqual({ kind: 'let_in' });
  expect(await tryOut(name, WRONG)).toMatchObject({ kind: 'refused', reply: expect.stringMatching(/^401 no: Bearer \[redacted\] or /) });
  expect(http.heard).toEqual([request, request]);
});

test('an SMTP server is greeted, logged in to and left; no mail is begun', async () => {
  expect(await tryOut('smtp', RIGHT)).toEqual({ kind: 'let_in' });
  await expect.poll(() => smtp.heard.map((line) => line.split(' ')[0])).toEqual(['EHLO', 'AUTH', 'QUIT']);
  const refused = await tryOut('smtp', WRONG);
  expect(refused).toMatchObject({ kind: 'refused', reply: expect.stringMatching(/^535 5\.7\.8 no .*\[redacted\]/) });
  expect(JSON.stringify(refused)).not.toContain(WRONG);
});

test('a SendGrid key that may not send is refused, whatever else it may', async () => {
  answer = { status: 200, body: { scopes: ['stats.read'] } };
  expect(await tryOut('sendgrid', RIGHT)).toMatchObject({ kind: 'refused', reply: expect.stringContaining('mail.send') });
  answer = { status: 200, body: { scopes: ['mail.send'] } };
  expect(await tryOut('sendgrid', RIGHT)).toEqual({ kind: 'let_in' });
});

test('a Resend key that may do nothing but send is a good one', async () => {
  answer = { status: 401, body: { name: 'restricted_api_key', message: 'This API key is restricted to only send emails.' } };
  expect(await tryOut('resend', RIGHT)).toEqual({ kind: 'let_in' });
});

test.each([404, 500, 302])('a %i says nothing of the key', async (status) => {
  answer = { status };
  expect(await tryOut('model', RIGHT)).toMatchObject({ kind: 'unknown', reply: expect.stringContaining(String(status)) });
});

test('nobody there says nothing of the key', async () => {
  const { port } = http;
  await http.close();
  expect(await tryOut('resend', RIGHT, port)).toMatchObject({ kind: 'unknown', reply: expect.stringContaining('nobody listens there') });
});

test('a key with a line break is not put into a header', async () => {
  await expect(tryOut('resend', 'SG.two\nlines-of-key')).rejects.toThrow('the key of sender resend holds characters that no key has');
});

test('without a user there is nothing to try a password on', async () => {
  expect(await tryOut('open', RIGHT)).toBeUndefined();
});
