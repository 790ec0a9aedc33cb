import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

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
] as const;
export type HttpFault = (typeof HTTP_FAULTS)[number];

/** A mail that reached the provider whole. `taken` is the provider's own decision: the truth everything is judged by. */
interface Requested {
  readonly to: string;
  readonly sha256: string;
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
  close(): Promise<void>;
}

/**
 * A server on loopback that speaks SendGrid's `POST /v3/mail/send` and Resend's `POST /emails`,
 * Idempotency-Key included: a repeated key gets the first answer and takes nothing again.
 */
export async function startMailProvider(
  faultFor: (to: string | undefined) => HttpFault | undefined = () => undefined,
  { answerAfter = 0, tls }: { answerAfter?: number; tls?: { key: string; cert: string } } = {},
): Promise<MailProvider> {
  const requests: Requested[] = [];
  const answers = new Map<string, string>();
  let connections = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => {});
    const body = await bytesOf(request);
    if (body === undefined) return;
    const mail = JSON.parse(body.toString('utf8')) as { to?: string[]; personalizations?: { to: { email: string }[] }[] };
    const to = mail.personalizations?.[0]?.to[0]?.email ?? /<?([^<>\s]+@[^<>\s]+?)>?$/.exec(mail.to?.[0] ?? '')?.[1] ?? '';
    const key = request.headers['idempotency-key'] as string | undefined;
    const sha256 = createHash('sha256').update(body).digest('hex');
    const known = key === undefined ? undefined : answers.get(key);
    if (known !== undefined) {
      if (known === sha256) accept(request, response, answerAfter);
      else reply(response, 409, { name: 'invalid_idempotent_request', message: 'other bytes under this key' });
      return;
    }
    const fault = faultFor(to);
    const taken = fault === undefined || / taken$/.test(fault.replace('not taken', ''));
    requests.push({ to, sha256, key, taken, at: Date.now() });
    if (taken && key !== undefined) answers.set(key, sha256);
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
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
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
    reply(response, status, body, headers);
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
};

function accept(request: IncomingMessage, response: ServerResponse, answerAfter: number): void {
  const say = () => {
    if (request.url === '/emails') reply(response, 200, { id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794' });
    else response.writeHead(202, { 'x-message-id': 'abc', 'content-length': '0' }).end();
  };
  if (answerAfter === 0) say();
  else setTimeout(say, answerAfter);
}

function reply(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Undefined when the request was cut. */
async function bytesOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
