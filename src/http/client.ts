import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connected, leave } from './connections.ts';
import { agentFor, type HttpTarget, openRequest } from './request.ts';

export interface HttpRequest extends HttpTarget {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Certificate authorities to trust instead of the system's (PEM). */
  readonly ca?: string | undefined;
}

/** In ms, each from the beginning of the request, and in bytes of the answer's body. */
export interface HttpLimits {
  readonly connect: number;
  readonly headers: number;
  readonly whole: number;
  readonly bytes: number;
}

/** A whole answer. Redirects are answers too: whoever asked decides what one means. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Why there is no whole answer; `code` is the system's own where it has one. */
export class HttpTrouble extends Error {
  override readonly name = 'HttpTrouble';
  readonly code: string;
  /** There was no connection that could be trusted, so not a byte of the request went out. */
  readonly unsent: boolean;

  constructor(message: string, code: string, unsent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.unsent = unsent;
  }
}

/** Asks once, within the limits; `cut` gives it up. Throws HttpTrouble. */
export async function ask(request: HttpRequest, limits: HttpLimits, cut?: AbortSignal): Promise<HttpAnswer> {
  let unsent = true;
  const hear = () => {};
  try {
    const started = start(request);
    const deadlines = new Deadlines(started, limits, cut);
    try {
      if (cut?.aborted === true) throw new HttpTrouble('the request was given up', 'ABORT_ERR', true);
      const socket = await deadlines.until('connect', connected(started, hear));
      unsent = false;
      started.end(request.body);
      const response = await deadlines.until('headers', answerTo(started));
      const answer = await deadlines.until('whole', read(response, limits.bytes));
      leave(socket, hear);
      return answer;
    } finally {
      deadlines.end();
    }
  } catch (error) {
    if (error instanceof HttpTrouble) throw error;
    const { code = 'ERR_HTTP', message } = error as NodeJS.ErrnoException;
    throw new HttpTrouble(message, code, unsent, error);
  }
}

const agents = new Map<string, ReturnType<typeof agentFor>>();

function start({ method, url, insecure, headers, body, ca }: HttpRequest): ClientRequest {
  const agent = agents.get(url.protocol) ?? agentFor(url);
  agents.set(url.protocol, agent);
  const told = {
    ...headers,
    // A few kilobytes that unpack to gigabytes are not asked for, and not unpacked.
    'accept-encoding': 'identity',
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  };
  return openRequest({ url, insecure }, { method, headers: told, ...(ca === undefined ? { agent } : { agent: false, ca }) });
}

/** Ends a request that takes too long, and says in what. */
class Deadlines {
  readonly #request: ClientRequest;
  readonly #limits: HttpLimits;
  readonly #cut: AbortSignal | undefined;
  readonly #began = performance.now();
  readonly #leave = () => this.#stop(new HttpTrouble('the request was given up', 'ABORT_ERR', false));
  #timer: NodeJS.Timeout | undefined;
  #why: HttpTrouble | undefined;

  constructor(request: ClientRequest, limits: HttpLimits, cut: AbortSignal | undefined) {
    this.#request = request;
    this.#limits = limits;
    this.#cut = cut;
    // What breaks between two steps is seen by the next one.
    request.on('error', () => {});
    cut?.addEventListener('abort', this.#leave, { once: true });
  }

  async until<Result>(step: 'connect' | 'headers' | 'whole', work: Promise<Result>): Promise<Result> {
    clearTimeout(this.#timer);
    const late = new HttpTrouble('no answer in time', 'ETIMEDOUT', step === 'connect');
    const most = Math.min(this.#limits[step], this.#limits.whole);
    this.#timer = setTimeout(() => this.#stop(late), most - (performance.now() - this.#began));
    try {
      return await work;
    } catch (error) {
      throw this.#why ?? error;
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#cut?.removeEventListener('abort', this.#leave);
  }

  #stop(why: HttpTrouble): void {
    this.#why = why;
    this.#request.destroy(why);
  }
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    request.once('close', () => reject(request.errored ?? new Error('the connection was closed')));
  });
}

/** The body, as far as `most` bytes; a longer one is not read, nor one that was compressed. */
function read(response: IncomingMessage, most: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string, code: string) => response.destroy(new HttpTrouble(why, code, false));
    const encoding = response.headers['content-encoding'] ?? 'identity';
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > most) refuse(`the answer is longer than ${most} bytes`, 'ERR_LENGTH');
      else chunks.push(chunk);
    });
    response.on('end', () => {
      const { statusCode: status = 0, headers } = response;
      resolve({ status, headers, body: Buffer.concat(chunks).toString('utf8') });
    });
    response.on('error', reject);
    response.on('close', () => reject(response.errored ?? new Error('the answer was cut')));
    if (encoding !== 'identity') refuse(`the answer is compressed (${encoding}), which nobody asked for`, 'ERR_ENCODING');
  });
}
