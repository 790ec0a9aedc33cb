import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { ask, type HttpLimits, HttpTrouble } from '../../src/http/client.ts';
import { openRequest } from '../../src/http/request.ts';
import { openAiProvider } from '../../src/llm/openaiProvider.ts';
import { aiSettings } from '../support/aiServer.ts';
import { certificate } from '../support/certificate.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0)) close();
});

const LIMITS: HttpLimits = { connect: 5_000, headers: 5_000, whole: 5_000, bytes: 1_000 };
const NEVER = new AbortController().signal;

async function listening(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

function answering(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  return listening(createServer((request, response) => answer(request, response)));
}

async function troubleOf(url: URL, limits: Partial<HttpLimits> = {}, cut?: AbortSignal): Promise<HttpTrouble> {
  const trouble = await ask({ method: 'POST', url, body: '{}' }, { ...LIMITS, ...limits }, cut).catch((error: unknown) => error);
  expect(trouble).toBeInstanceOf(HttpTrouble);
  return trouble as HttpTrouble;
}

test('an answer comes with status, headers and body, and the server hears the name of this program alone', async () => {
  const heard: IncomingMessage[] = [];
  const url = await answering((request, response) => {
    heard.push(request);
    response.writeHead(418, { 'x-of': 'server' }).end('short');
  });
  const answer = await ask({ method: 'POST', url, headers: { 'content-type': 'text/plain' }, body: 'é' }, LIMITS);
  expect(answer).toMatchObject({ status: 418, headers: { 'x-of': 'server' }, body: 'short' });
  const names = Object.keys(heard[0]?.headers ?? {}).sort();
  expect(names).toEqual(['accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'user-agent']);
  expect(heard[0]?.headers).toMatchObject({ 'user-agent': `outreach/${manifest.version}`, 'content-length': '2' });
});

test.each([301, 302, 303, 307, 308])('a redirect (%i) is an answer, and nobody else is asked', async (status) => {
  let asked = 0;
  const other = await answering((_, response) => {
    asked++;
    response.end('of somebody else');
  });
  const url = await answering((_, response) => response.writeHead(status, { location: other.href }).end());
  expect(await ask({ method: 'POST', url, body: '{}' }, LIMITS)).toMatchObject({ status, body: '' });
  expect(asked).toBe(0);
});

test('a model’s mail is never that of a server which a redirect named', async () => {
  const leads: string[] = [];
  const thief = await answering((request, response) => {
    leads.push(request.url ?? '');
    const content = JSON.stringify({ subject: 's', body: 'of somebody else' });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ choices: [{ message: { content }, finish_reason: 'stop' }] }));
  });
  const url = await answering((_, response) => response.writeHead(307, { location: thief.href }).end());
  const provider = openAiProvider(aiSettings(url.href));
  expect(await provider.ask({ messages: [] }, NEVER)).toMatchObject({
    kind: 'final',
    reason: expect.stringContaining('answers with a redirect (307), which is not followed'),
  });
  expect(leads).toEqual([]);
});

test('a model’s server hears nothing of the library, of Node or of this machine', async () => {
  const heard: string[] = [];
  const url = await answering((request, response) => {
    heard.push(
      ...request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()),
      request.headers['user-agent'] ?? '',
    );
    response.end('{}');
  });
  await openAiProvider(aiSettings(url.href, { apiKey: 'k' })).ask({ messages: [] }, NEVER);
  expect(heard.sort()).toEqual(
    [
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      `outreach/${manifest.version}`,
      'user-agent',
    ].sort(),
  );
});

test.each([
  ['longer than the bound', (response: ServerResponse) => response.end('x'.repeat(1_001)), 'the answer is longer than 1000 bytes'],
  [
    'endless',
    (response: ServerResponse) => {
      setInterval(() => response.write('x'.repeat(9_999)), 1).unref();
    },
    'the answer is longer than 1000 bytes',
  ],
  [
    'small, and large once it is unpacked',
    (response: ServerResponse) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(900_000))),
    'the answer is compressed (gzip), which nobody asked for',
  ],
] as const)('an answer that is %s is refused', async (_, answer, reason) => {
  const url = await answering((_request, response) => {
    answer(response);
  });
  expect(await troubleOf(url)).toMatchObject({ message: reason, unsent: false });
});

test('an answer of the greatest length is read', async () => {
  const url = await answering((_, response) => response.end('x'.repeat(1_000)));
  expect((await ask({ method: 'GET', url }, LIMITS)).body).toHaveLength(1_000);
});

test.each([
  ['no headers come', () => {}, { headers: 100 }],
  [
    'the body never ends',
    (response: ServerResponse) => {
      response.write('x');
    },
    { whole: 100 },
  ],
  [
    'the body trickles',
    (response: ServerResponse) => {
      setInterval(() => response.write('x'), 20).unref();
    },
    { whole: 200 },
  ],
] as const)('when %s, the request ends at its limit', async (_, answer, limits) => {
  const url = await answering((_request, response) => answer(response));
  expect(await troubleOf(url, limits)).toMatchObject({ message: 'no answer in time', code: 'ETIMEDOUT', unsent: false });
});

test('a server that never completes TLS has heard nothing of the request', async () => {
  const server = createPlainServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect(await troubleOf(url, { connect: 100 })).toMatchObject({ code: 'ETIMEDOUT', unsent: true });
});

test('a request that is given up ends at once', async () => {
  const url = await answering(() => {});
  const cut = new AbortController();
  setTimeout(() => cut.abort(), 50);
  expect(await troubleOf(url, {}, cut.signal)).toMatchObject({ code: 'ABORT_ERR' });
  expect(await troubleOf(url, {}, cut.signal)).toMatchObject({ code: 'ABORT_ERR', unsent: true });
});

test('a certificate that nobody vouches for is refused, whatever the environment says', async () => {
  const { key, cert } = certificate();
  let asked = 0;
  const server = createTlsServer({ key, cert }, (_, response) => {
    asked++;
    response.end();
  });
  const url = new URL((await listening(server as unknown as Server)).href.replace('http:', 'https:'));
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  expect(await troubleOf(url)).toMatchObject({ code: expect.stringContaining('SELF_SIGNED'), unsent: true });
  expect(asked).toBe(0);
  expect(await ask({ method: 'GET', url, ca: cert }, LIMITS)).toMatchObject({ status: 200 });
});

test('http leaves this machine only where the settings say so', () => {
  const url = new URL('http://192.0.2.1/');
  expect(() => openRequest({ url }, {})).toThrow('http would send all of it in clear to 192.0.2.1');
  const request = openRequest({ url, insecure: true }, {});
  request.on('error', () => {}).destroy();
});
