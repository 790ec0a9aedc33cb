import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, openApp } from '../../src/app/app.ts';
import { runDoctor } from '../../src/app/doctor.ts';
import type { DnsResolver } from '../../src/app/resolver.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import type { Check } from '../../src/domain/check.ts';
import { openStore } from '../../src/store/database.ts';
import { Folder, objects, outreach } from '../support/program.ts';

let folder: Folder;
let app: App;
const closing: (() => unknown)[] = [];

beforeEach(() => {
  folder = new Folder();
});

afterEach(async () => {
  await app?.close();
  for (const close of closing.splice(0)) await close();
  folder.remove();
});

const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const DKIM = `v=DKIM1; k=rsa; p=${KEY}`;

/** Records as `TXT ruiz.example`, `MX ruiz.example`, `A host`, `PTR address`; a DNS that knows nothing else. */
function zone(records: Record<string, readonly string[]>): DnsResolver {
  const of = (question: string): string[] => {
    const known = { 'A a.root-servers.net': ['198.41.0.4'], ...records }[question];
    if (known === undefined) throw Object.assign(new Error(`query ENOTFOUND ${question}`), { code: 'ENOTFOUND' });
    return [...known];
  };
  return {
    resolveTxt: async (name) => of(`TXT ${name}`).map((text) => [text.slice(0, 200), text.slice(200)]),
    resolveMx: async (name) => of(`MX ${name}`).map((exchange) => ({ exchange, priority: 10 })),
    reverse: async (address) => of(`PTR ${address}`),
    lookup: async (name) => of(`A ${name}`),
  };
}

/** A DNS that nobody reaches. */
const SILENT: DnsResolver = (() => {
  const silent = async () => {
    throw Object.assign(new Error('queryTxt ETIMEOUT'), { code: 'ETIMEOUT' });
  };
  return { resolveTxt: silent, resolveMx: silent, reverse: silent, lookup: silent };
})();

const GOOD = {
  'MX ruiz.example': ['mail.ruiz.example'],
  'TXT ruiz.example': ['v=spf1 include:_spf.google.com ~all'],
  'TXT _spf.google.com': ['v=spf1 ip4:192.0.2.0/24 ~all'],
  'TXT google._domainkey.ruiz.example': [DKIM],
  'TXT _dmarc.ruiz.example': ['v=DMARC1; p=none; rua=mailto:ana@ruiz.example'],
};

async function diagnose(senders: readonly string[], resolver: DnsResolver, { rest = '', env = {}, limitMs = 1_000 } = {}) {
  folder.write(
    'outreach.yaml',
    `version: 1\nidentity: { name: Ana Ruiz, postal_address: "Calle Mayor 1", timezone: Europe/Madrid }\n${senders.length === 0 ? '' : `senders:\n${senders.map((sender) => `  - ${sender}\n`).join('')}`}${rest}`,
  );
  app = await openApp(workspaceAt(folder.path));
  return runDoctor(app, { env, resolver, limitMs });
}

const find = ({ checks }: { checks: readonly Check[] }, name: string, subject?: string) =>
  checks.find((check) => check.name === name && (subject === undefined || check.subject === subject));

/** A sender whose server is Google's by name; nothing connects to it while its password is missing. */
const google = (more = '') =>
  `{ name: main, type: smtp, preset: workspace, from: "Ana <ana@ruiz.example>", user: a, password: "env:NONE"${more} }`;
const smtp = (port: number, more = '') =>
  `{ name: main, type: smtp, host: 127.0.0.1, port: ${port}, from: "Ana <ana@ruiz.example>", security: none${more} }`;

async function listening(server: Server | SMTPServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closing.push(() => new Promise((resolve) => server.close(() => resolve(undefined))));
  return ((server instanceof SMTPServer ? server.server : server).address() as AddressInfo).port;
}

/** Counts the mails it is given, which must stay none. */
async function smtpServer(options: ConstructorParameters<typeof SMTPServer>[0] = {}): Promise<{ port: number; said: string[] }> {
  const said: string[] = [];
  const port = await listening(
    new SMTPServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        said.push(`AUTH ${username}`);
        if (password === 'right') done(null, { user: username });
        else done(Object.assign(new Error('5.7.8 Username and Password not accepted'), { responseCode: 535 }));
      },
      onMailFrom(_address, _session, done) {
        said.push('MAIL');
        done();
      },
      ...options,
    }),
  );
  return { port, said };
}

async function httpServer(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  closing.push(() => server.closeAllConnections());
  return `http://127.0.0.1:${await listening(server)}`;
}

test('a domain with all its records, by a service that it names, is in order', async () => {
  const found = await diagnose([google()], zone(GOOD));
  expect(found.checks.filter(({ status }) => status !== 'ok').map(({ name }) => name)).toEqual(['secret']);
  expect(find(found, 'alignment')?.detail).toBe('SPF and DKIM vouch for ruiz.example');
  expect(find(found, 'spf')?.detail).toContain('(1 of 10 lookups)');
  expect(found.ok).toBe(false);
  expect(found.notes.join()).toContain('PTR of smtp.gmail.com');
});

test('missing records fail, each with host, type and value to publish', async () => {
  const found = await diagnose([google()], zone({ 'A ruiz.example': ['192.0.2.9'] }));
  expect(find(found, 'dmarc')).toMatchObject({
    status: 'fail',
    subject: 'ruiz.example',
    fix: 'host _dmarc.ruiz.example   type TXT   value v=DMARC1; p=none; rua=mailto:ana@ruiz.example',
  });
  expect(find(found, 'spf')).toMatchObject({
    status: 'fail',
    fix: 'host ruiz.example   type TXT   value v=spf1 include:_spf.google.com ~all',
  });
  expect(find(found, 'mx')).toMatchObject({ status: 'warn', fix: 'host ruiz.example   type MX   value 1 smtp.google.com' });
  expect(find(found, 'dkim')?.status).toBe('warn');
  expect(find(found, 'alignment')?.status).toBe('fail');
});

test('wrong records fail with the one that is right', async () => {
  const found = await diagnose(
    [google()],
    zone({
      ...GOOD,
      'TXT ruiz.example': ['v=spf1 mx -all', 'v=spf1 include:sendgrid.net ~all'],
      'TXT _dmarc.ruiz.example': ['v=DMARC1; p=none', 'v=DMARC1; p=reject'],
      'MX ruiz.example': [''],
    }),
  );
  expect(find(found, 'spf')?.fix).toContain('value v=spf1 mx include:sendgrid.net include:_spf.google.com ~all');
  expect(find(found, 'dmarc')).toMatchObject({ status: 'fail', detail: expect.stringContaining('there are 2 records') });
  expect(find(found, 'mx')).toMatchObject({ status: 'fail', detail: expect.stringContaining('null MX') });
  expect(find(found, 'alignment')).toMatchObject({ status: 'ok', detail: 'DKIM vouches for ruiz.example' });
});

test('more than ten lookups, and a service that is not named, fail', async () => {
  const many = `v=spf1 include:_spf.google.com ${Array.from({ length: 10 }, (_, index) => `a:h${index}.ruiz.example`).join(' ')} -all`;
  expect(find(await diagnose([google()], zone({ ...GOOD, 'TXT ruiz.example': [many] })), 'spf')).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('needs 11 DNS lookups'),
  });
  expect(find(await diagnose([google()], zone({ ...GOOD, 'TXT ruiz.example': ['v=spf1 mx -all'] })), 'spf')).toMatchObject({
    status: 'fail',
    fix: 'host ruiz.example   type TXT   value v=spf1 mx include:_spf.google.com -all',
  });
});

test('a policy of the parent domain counts for its subdomains', async () => {
  const sub = { ...GOOD, 'MX mail.ruiz.example': ['mx.ruiz.example'] };
  const found = await diagnose([google().replace('ana@ruiz', 'ana@mail.ruiz')], zone(sub));
  expect(find(found, 'dmarc', 'mail.ruiz.example')?.status).toBe('ok');
});

test('Resend vouches by its own subdomain, unless the policy is strict', async () => {
  const resend = `{ name: main, type: resend, from: "Ana <ana@ruiz.example>", api_key: "env:NONE" }`;
  const records = {
    ...GOOD,
    'TXT send.ruiz.example': ['v=spf1 include:amazonses.com ~all'],
    'TXT amazonses.com': ['v=spf1 ip4:192.0.2.1 -all'],
  };
  const found = await diagnose([resend], zone(records));
  expect(find(found, 'spf')).toMatchObject({ status: 'ok', detail: expect.stringContaining('send.ruiz.example: v=spf1') });
  expect(find(found, 'alignment')).toMatchObject({ status: 'ok', detail: 'SPF vouches for ruiz.example' });
  const strict = await diagnose([resend], zone({ ...records, 'TXT _dmarc.ruiz.example': ['v=DMARC1; p=reject; aspf=s'] }));
  expect(find(strict, 'alignment')?.status).toBe('warn');
});

test.each([
  ['gmail', 'include:_spf.google.com'],
  ['graph', 'include:spf.protection.outlook.com'],
])('%s needs the DNS of its service, and a grant', async (type, include) => {
  const found = await diagnose(
    [`{ name: main, type: ${type}, from: "Ana <ana@ruiz.example>", oauth: { client_id: c, client_secret: "env:SECRET" } }`],
    zone({ 'MX ruiz.example': ['mail.ruiz.example'] }),
    { env: { SECRET: 'canary-client-secret', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' } },
  );
  expect(find(found, 'spf')?.fix).toContain(include);
  expect(find(found, 'grant')).toMatchObject({ status: 'fail', fix: expect.stringContaining('outreach login main') });
});

test('a mailbox of gmail.com is right with Google, and fails DMARC with anybody else', async () => {
  const at = (sender: string) => sender.replace('ana@ruiz.example', 'ana@gmail.com');
  expect(find(await diagnose([at(google())], zone({})), 'alignment')?.status).toBe('ok');
  const found = await diagnose([at('{ name: sg, type: sendgrid, from: "Ana <ana@ruiz.example>", api_key: "env:NONE" }')], zone({}));
  expect(find(found, 'alignment')?.status).toBe('fail');
});

test('a server of the domain itself is looked up both ways', async () => {
  const own = '{ name: main, type: smtp, host: mail.ruiz.example, from: "Ana <ana@ruiz.example>", user: a, password: "env:NONE" }';
  const address = { ...GOOD, 'TXT ruiz.example': ['v=spf1 mx -all'], 'A mail.ruiz.example': ['192.0.2.7'] };
  expect(find(await diagnose([own], zone({ ...address, 'PTR 192.0.2.7': ['mail.ruiz.example'] })), 'ptr')?.status).toBe('ok');
  expect(find(await diagnose([own], zone({ ...address, 'PTR 192.0.2.7': ['host7.isp.example'] })), 'ptr')).toMatchObject({
    status: 'warn',
    fix: expect.stringContaining('host 7.2.0.192.in-addr.arpa   type PTR   value mail.ruiz.example'),
  });
});

test('a domain that DNS does not know is one failure; on a DNS that knows nothing it is none', async () => {
  const found = await diagnose([google()], zone({}));
  expect(found.checks.filter(({ subject }) => subject === 'ruiz.example')).toMatchObject([{ name: 'domain', status: 'fail' }]);
  const blind = await diagnose([google()], zone({ 'A a.root-servers.net': [] }));
  expect(blind.checks.filter(({ subject }) => subject === 'ruiz.example')).toMatchObject([{ name: 'dns', status: 'warn' }]);
});

test('offline, DNS, server and provider could not be asked, and nothing fails', async () => {
  const rest = 'ai: { providers: [{ name: far, base_url: "https://ai.invalid/v1", model: m }] }\n';
  const sender = '{ name: main, type: smtp, host: smtp.ruiz.example, from: "Ana <ana@ruiz.example>" }';
  const found = await diagnose([sender], SILENT, { rest });
  expect(found.ok).toBe(true);
  for (const name of ['dns', 'login', 'ai'])
    expect(find(found, name), name).toMatchObject({ status: 'warn', detail: expect.stringContaining('could not be asked') });
});

test('a good login is in, a refused one fails with the reply, and no mail is begun', async () => {
  const { port, said } = await smtpServer();
  const login = ', user: ana, password: "env:PW"';
  const good = await diagnose([smtp(port, login)], zone(GOOD), { env: { PW: 'right' } });
  expect(find(good, 'login')).toMatchObject({ status: 'ok', detail: `127.0.0.1:${port} answers and takes the login of ana` });
  const bad = await diagnose([smtp(port, login)], zone(GOOD), { env: { PW: 'wrong-secret' } });
  expect(find(bad, 'login')).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('535 5.7.8 Username and Password not accepted'),
  });
  expect(bad.ok).toBe(false);
  expect(JSON.stringify(bad)).not.toContain('wrong-secret');
  expect(said).toEqual(['AUTH ana', 'AUTH ana']);
});

test('a certificate that nobody vouches for, a port without STARTTLS, and a closed port fail', async () => {
  const withTls = await smtpServer({ disabledCommands: ['AUTH'], authOptional: true });
  const starttls = (port: number) => [smtp(port).replace('none', 'starttls')];
  expect(find(await diagnose(starttls(withTls.port), zone(GOOD)), 'login')).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(/no encryption that can be trusted.*certificate/),
  });
  const plain = await smtpServer();
  expect(find(await diagnose(starttls(plain.port), zone(GOOD)), 'login')?.detail).toContain('no encryption that can be trusted');
  expect(find(await diagnose([smtp(1)], zone(GOOD)), 'login')).toMatchObject({ status: 'fail', detail: 'nobody listens at 127.0.0.1:1' });
});

test('a server that says nothing is given up at the deadline', async () => {
  const sockets = new Set<{ destroy(): void }>();
  const port = await listening(createTcpServer((socket) => sockets.add(socket.on('error', () => {}))));
  closing.unshift(() => sockets.forEach((socket) => void socket.destroy()));
  const begun = Date.now();
  const found = await diagnose([smtp(port)], zone(GOOD), { limitMs: 200 });
  expect(find(found, 'login')).toMatchObject({ status: 'warn', detail: expect.stringContaining('could not be asked') });
  expect(Date.now() - begun).toBeLessThan(3_000);
});

test('keys are tried with a harmless GET at base_url, and the clock is compared with the answer', async () => {
  const asked: string[] = [];
  let aheadMs = 0;
  const url = await httpServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.setHeader('date', new Date(Date.now() + aheadMs).toUTCString());
    if (request.headers.authorization !== 'Bearer good') return response.writeHead(401).end('{}');
    const bodies: Record<string, object> = {
      '/v3/scopes': { scopes: ['mail.send'] },
      '/domains': { data: [{ name: 'ruiz.example', status: 'verified' }] },
      '/v1/models': { data: [{ id: 'writer-1' }] },
    };
    return response.end(JSON.stringify(bodies[request.url ?? '']));
  });
  const senders = ['sendgrid', 'resend'].map(
    (type) => `{ name: ${type}, type: ${type}, from: "Ana <ana@ruiz.example>", base_url: "${url}", api_key: "env:MAIL_KEY" }`,
  );
  const rest = `ai: { providers: [{ name: local, base_url: "${url}/v1", model: writer-1, api_key: "env:AI_KEY" }] }\n`;
  const ask = (key: string) => diagnose(senders, zone(GOOD), { rest, env: { MAIL_KEY: key, AI_KEY: key } });
  const good = await ask('good');
  expect(find(good, 'login', 'sendgrid')).toMatchObject({ status: 'ok' });
  expect(find(good, 'login', 'resend')).toMatchObject({ status: 'ok', detail: 'Resend takes the key, and has verified ruiz.example' });
  expect(find(good, 'ai', 'local')).toMatchObject({ status: 'ok', detail: 'has writer-1' });
  expect(find(good, 'clock')?.status).toBe('ok');
  expect(asked.sort()).toEqual(['GET /domains Bearer good', 'GET /v1/models Bearer good', 'GET /v3/scopes Bearer good']);
  aheadMs = -60_000;
  const bad = await ask('bad-secret');
  for (const name of ['sendgrid', 'resend']) expect(find(bad, 'login', name)?.status).toBe('fail');
  expect(find(bad, 'ai')?.status).toBe('fail');
  expect(find(bad, 'clock')).toMatchObject({ status: 'warn', detail: expect.stringMatching(/^1 min ahead of|^6\d s ahead of/) });
  expect(JSON.stringify(bad)).not.toContain('bad-secret');
  aheadMs = 10 * 60_000;
  expect(find(await ask('good'), 'clock')).toMatchObject({ status: 'fail', detail: expect.stringContaining('behind') });
});

test('a missing secret fails by its name, and the login is not tried with none', async () => {
  const { port, said } = await smtpServer();
  const found = await diagnose([smtp(port, ', user: ana, password: "env:PW"')], zone(GOOD));
  expect(find(found, 'secret')).toMatchObject({ status: 'fail', subject: 'main', detail: expect.stringContaining('PW is not set') });
  expect(find(found, 'login')).toBeUndefined();
  expect(said).toEqual([]);
});

test('a workspace with the outbox alone asks nobody, and says so in one line', async () => {
  const found = await diagnose([], SILENT);
  expect(found).toMatchObject({ ok: true, notes: ['DNS and login: do not apply, every sender writes .eml files and reaches nobody.'] });
  expect(found.checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'node ok',
    'native ok',
    'disk ok',
    'files ok',
    'database ok',
  ]);
});

test('a whole database is whole, and a damaged one fails instead of ending the examination', async () => {
  mkdirSync(folder.at('.outreach'));
  const path = folder.at('.outreach', 'outreach.db');
  await (await openStore(path)).close();
  const found = await diagnose([], SILENT);
  expect(find(found, 'database')).toMatchObject({ status: 'ok', detail: 'whole' });
  expect(find(found, 'worker')).toMatchObject({ status: 'ok', detail: 'none runs, and no mail waits for one' });
  await app.close();
  writeFileSync(path, 'this was a database once '.repeat(1_000));
  expect(find(await diagnose([], SILENT), 'database')).toMatchObject({ status: 'fail', detail: expect.stringContaining('not a database') });
});

test('the command prints a line a check, the fix below, and the next step; it exits with 1, or 2 for a broken configuration', async () => {
  const { port } = await smtpServer({ authOptional: true });
  await diagnose([smtp(port)], SILENT);
  const good = await outreach(folder, ['doctor']);
  expect(good.code, good.stdout).toBe(0);
  expect(good.stdout).toMatch(/^ok +login +main +127\.0\.0\.1:\d+ answers; no login is set$/m);
  expect(good.stdout.trim().split('\n').at(-1)).toMatch(/^Next: outreach /);
  await diagnose([smtp(1)], SILENT);
  const bad = await outreach(folder, ['doctor']);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/^fail {2}login main: nobody listens at 127\.0\.0\.1:1\n {6}Check host and port/m);
  expect(bad.stdout.trim().split('\n').at(-1)).toMatch(/^Next: mend .*outreach doctor$/);
  const [object] = objects<{ ok: boolean; checks: Check[] }>(await outreach(folder, ['doctor', '--json']));
  expect(object?.ok).toBe(false);
  expect(Object.keys(object?.checks[0] ?? {})).toEqual(['name', 'subject', 'status', 'detail', 'fix']);
  folder.write('outreach.yaml', 'version: 2\n');
  expect((await outreach(folder, ['doctor'])).code).toBe(2);
});
