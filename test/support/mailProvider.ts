import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mailboxApiAt, ownerRefusalAt, toOf, withoutDate } from './mailboxes.ts';

/** What may go wrong with one request. Names say what the client sees, and whether the provider took the mail. */
export const HTTP_FAULTS = [
  'drop at connect',
  'reset after the request, taken',
  'reset after the request, not taken',
  'hang, taken',
  'hang, not taken',
  'cut reply, taken',
  'unreadable reply, taken',
  'slow drip, taken',
  '429',
  '429 for a while',
  '429 for an hour',
  '400',
  '400 recipient',
  '401',
  '403',
  '413',
  '500, taken',
  '500, not taken',
  '503, not taken',
  '302',
  '303, taken',
  '307',
  'early 2xx, not taken',
  '401 token',
] as const;
export type HttpFault = (typeof HTTP_FAULTS)[number];

/** A mail that reached the provider whole. `taken` is the provider's own decision: the truth everything is judged by. */
interface Requested {
  readonly to: string;
  readonly sha256: string;
  /** Of a mailbox's API: the mail inside, without its Date header. */
  readonly frozenSha256?: string;
  readonly key: string | undefined;
  readonly taken: boolean;
  /** When its end arrived, epoch milliseconds. */
  readonly at: number;
}

export interface MailProvider {
  readonly url: string;
  readonly port: number;
  readonly requests: Requested[];
  readonly connections: () => number;
  /** Questions for the time alone. */
  readonly timesAsked: () => number;
  /** Its clock, epoch milliseconds. Keys are forgotten by it, and its answers tell it. */
  now: () => number;
  /** The Date header of its answers; undefined for none. */
  date: (now: number) => string | undefined;
  /** Whether a mailbox's API takes this access token. */
  takes: (token: string, path: string) => boolean;
  close(): Promise<void>;
}

/** Keys are known for so long (resend.com/docs/dashboard/emails/idempotency-keys). */
const KEY_KNOWN_FOR = 24 * 3_600_000;

/**
 * A server on loopback that speaks SendGrid's `POST /v3/mail/send` and Resend's `POST /emails`,
 * Idempotency-Key included: a repeated key gets the first answer and takes nothing again, for a day. It speaks
 * the Gmail API's and Microsoft Graph's ways to send a mail's own bytes, too.
 */
export async function startMailProvider(
  faultFor: (to: string | undefined) => HttpFault | undefined = () => undefined,
  { answerAfter = 0, tls }: { answerAfter?: number; tls?: { key: string; cert: string } } = {},
): Promise<MailProvider> {
  const requests: Requested[] = [];
  const answers = new Map<string, { sha256: string; at: number }>();
  const refusedTokens = new Set<string>();
  const own = {
    now: Date.now,
    date: (now: number): string | undefined => new Date(now).toUTCString(),
    takes: (token: string, _path: string) => !refusedTokens.has(token),
  };
  let connections = 0;
  let timesAsked = 0;
  const knownBy = (key: string | undefined) => {
    const known = key === undefined ? undefined : answers.get(key);
    return known !== undefined && own.now() - known.at < KEY_KNOWN_FOR ? known.sha256 : undefined;
  };
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => {});
    const date = own.date(own.now());
    if (date === undefined) response.sendDate = false;
    else response.setHeader('date', date);
    if (request.method === 'HEAD') {
      timesAsked++;
      response.writeHead(404).end();
      return;
    }
    const api = mailboxApiAt(request.url);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const owner = request.method === 'GET' ? ownerRefusalAt(request.url) : undefined;
    if (owner !== undefined) return reply(response, own.takes(token, request.url ?? '') ? 403 : 401, owner);
    const key = request.headers['idempotency-key'] as string | undefined;
    const chunks: Buffer[] = [];
    let met: { fault: HttpFault | undefined } | undefined;
    try {
      for await (const chunk of request) {
        chunks.push(chunk as Buffer);
        if (knownBy(key) === undefined) met ??= { fault: faultFor(addressIn(request.url, chunks)) };
        if (met?.fault === 'early 2xx, not taken') await answerEarly(request);
      }
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    const sha256 = createHash('sha256').update(body).digest('hex');
    const known = knownBy(key);
    if (known !== undefined) {
      if (known === sha256) accept(request, response, answerAfter);
      else reply(response, 409, { name: 'invalid_idempotent_request', message: 'other bytes under this key' });
      return;
    }
    const mail = api?.mailIn(body);
    if (api !== undefined && !own.takes(token, request.url ?? '')) return reply(response, 401, api.refusal(401, '401'));
    if (api !== undefined && (mail === undefined || request.headers['content-type'] !== api.contentType))
      return reply(response, 400, api.refusal(400, 'base64'));
    const fault = met?.fault;
    if (fault === '401 token') refusedTokens.add(token);
    const taken = fault === undefined || / taken$/.test(fault.replace('not taken', ''));
    const frozen = mail === undefined ? {} : { frozenSha256: createHash('sha256').update(withoutDate(mail)).digest('hex') };
    requests.push({ to: addressIn(request.url, [body]), sha256, ...frozen, key, taken, at: Date.now() });
    if (taken && key !== undefined) answers.set(key, { sha256, at: own.now() });
    answer(fault, request, response, answerAfter);
  };
  const server: Server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  server.on('connection', (socket) => {
    connections++;
    if (faultFor(undefined) === 'drop at connect') socket.destroy();
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(own, {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    timesAsked: () => timesAsked,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

/** The first recipient, which every API's request names near its beginning. */
function addressIn(url: string | undefined, chunks: readonly Buffer[]): string {
  const mail = mailboxApiAt(url)?.mailIn(Buffer.concat(chunks));
  if (mail !== undefined) return toOf(mail);
  const text = Buffer.concat(chunks).toString('utf8');
  return /[^\s"<>\\]+@[^\s"<>\\]+/.exec(text.slice(Math.max(0, text.indexOf('"to":['))))?.[0] ?? '';
}

/** Takes a mail of which it has read the beginning, and reads no more until the client leaves. */
async function answerEarly({ socket, url }: IncomingMessage): Promise<never> {
  const body = '{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}';
  const inJson = url === '/emails' || mailboxApiAt(url)?.accepted.body !== undefined;
  const json = `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  socket.write(inJson ? `HTTP/1.1 200 OK\r\n${json}` : 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  throw new Error('the client left');
}

function answer(fault: HttpFault | undefined, request: IncomingMessage, response: ServerResponse, answerAfter: number): void {
  const { socket } = request;
  if (fault === undefined || fault === 'drop at connect') accept(request, response, answerAfter);
  else if (fault.startsWith('reset')) socket.resetAndDestroy();
  else if (fault in HALF_ANSWERS) {
    socket.write(HALF_ANSWERS[fault] ?? '');
    setTimeout(() => socket.destroy(), 20);
  } else if (fault === 'slow drip, taken') {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 50);
    socket.on('close', () => clearInterval(drip));
  } else if (!fault.startsWith('hang')) {
    const { status = Number(fault.slice(0, 3)), body = { name: 'error', message: fault }, headers } = REFUSALS[fault] ?? {};
    reply(response, status, mailboxApiAt(request.url)?.refusal(status, fault) ?? body, headers);
  }
}

const HALF_ANSWERS: Readonly<Record<string, string>> = {
  'cut reply, taken': 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id": "a',
  'unreadable reply, taken': 'HTTP/1.1 2',
};

const REFUSALS: Readonly<Record<string, { status?: number; body?: object; headers?: Record<string, string> }>> = {
  '429 for a while': { headers: { 'retry-after': '1' } },
  '429 for an hour': { body: { name: 'daily_quota_exceeded', message: 'Daily quota' }, headers: { 'retry-after': '3600' } },
  '400': { body: { name: 'validation_error', message: 'The html field is wrong', errors: [{ field: 'content', message: 'wrong' }] } },
  '400 recipient': {
    body: {
      name: 'validation_error',
      message: 'Invalid `to` field',
      errors: [{ field: 'personalizations.0.to', message: 'Does not contain a valid address.' }],
    },
  },
  '302': { headers: { location: 'https://elsewhere.example/' } },
  '303, taken': { headers: { location: '/emails/49a3999c' } },
  '307': { headers: { location: 'https://elsewhere.example/' } },
};

function accept(request: IncomingMessage, response: ServerResponse, answerAfter: number): void {
  const say = () => {
    const api = mailboxApiAt(request.url);
    if (api?.accepted.body !== undefined) reply(response, api.accepted.status, api.accepted.body);
    else if (request.url === '/emails') reply(response, 200, { id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794' });
    else response.writeHead(202, { 'x-message-id': 'abc', 'content-length': '0' }).end();
  };
  if (answerAfter === 0) say();
  else setTimeout(say, answerAfter);
}

function reply(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
