import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OpenAiSettings } from '../../src/llm/openaiSettings.ts';

/** What may go wrong with one call. Names say what the client sees. */
const AI_FAULTS = [
  'hang',
  'reasoning in the total',
  'reset',
  '429',
  '429 for an hour',
  '429 for ever',
  '429 till yesterday',
  '429 quota',
  '401',
  '404',
  '500',
  'cut JSON',
  'no JSON',
  'refusal',
  'wrong schema',
  'wrong schema, then right',
  'cut off',
  'slow drip',
  'no json_schema',
  'no max_tokens',
  'no usage',
  'allowance used up',
  'endless',
  'too long',
  'cap too large',
  'gateway gave up',
  'broke in the middle',
  'odd request',
  'nested',
] as const;
export type AiFault = (typeof AI_FAULTS)[number];

/** A call as the server saw it. `charged` when a whole completion went out: the truth that costs are judged by. */
export interface AiCall {
  readonly email: string;
  readonly body: ChatRequest;
  readonly authorization: string | undefined;
  readonly at: number;
  readonly fault: AiFault | undefined;
  charged: boolean;
}

interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly response_format?: { readonly type: string };
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
}

export interface AiServer {
  /** `http://127.0.0.1:PORT/v1` */
  readonly url: string;
  readonly calls: AiCall[];
  /** The most that ran at a time. */
  readonly mostAtOnce: number;
  close(): Promise<void>;
}

/** An OpenAI-shaped server on loopback. `faultFor` is asked once a call, with the lead's address and the number of its call. */
export async function startAiServer(
  faultFor: (email: string, turn: number) => AiFault | undefined = () => undefined,
  answerAfterMs = 0,
): Promise<AiServer> {
  const calls: AiCall[] = [];
  const turns = new Map<string, number>();
  let running = 0;
  let most = 0;
  const server = createServer(async (request, response) => {
    response.on('error', () => {});
    if (request.method === 'GET') return void response.end(JSON.stringify({ data: [{ id: 'writer-1' }] }));
    const body = JSON.parse(await textOf(request)) as ChatRequest;
    const email = addressIn(body);
    const turn = (turns.get(email) ?? 0) + 1;
    turns.set(email, turn);
    const fault = faultFor(email, turn);
    const call: AiCall = { email, body, authorization: request.headers.authorization, at: Date.now(), fault, charged: false };
    calls.push(call);
    most = Math.max(most, ++running);
    response.on('close', () => running--);
    if (answerAfterMs > 0) await new Promise((resolve) => setTimeout(resolve, answerAfterMs));
    answer(call, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    get mostAtOnce() {
      return most;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Whose mail is asked for. Where the brief does not ask for the address, the names that the leads of the tests have tell it. */
function addressIn({ messages }: ChatRequest): string {
  const text = messages.map(({ content }) => content).join('\n');
  const named = /"email":"([^"]+)"/.exec(text)?.[1];
  if (named !== undefined) return named;
  const number = /"first_name":"Lead (\d+)"/.exec(text)?.[1] ?? /"company":"Company (\d+)"/.exec(text)?.[1];
  return number === undefined ? '' : `lead${number}@company${number}.example`;
}

export function aiSettings(baseUrl: string, change: Partial<OpenAiSettings> = {}): OpenAiSettings {
  return {
    name: 'test',
    baseUrl,
    model: 'writer-1',
    apiKey: undefined,
    keyName: undefined,
    price: { input: 1, output: 2 },
    output: undefined,
    maxOutputTokens: 500,
    limitMs: 10_000,
    ...change,
  };
}

/** Tokens that every completion of this server is said to have used. */
export const AI_USAGE = { prompt_tokens: 400, completion_tokens: 100, total_tokens: 500 };

function answer(call: AiCall, response: ServerResponse): unknown {
  const json = (status: number, value: object, headers: Record<string, string> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  };
  const error = (status: number, message: string, fields: object = {}, headers: Record<string, string> = {}) =>
    json(status, { error: { message, ...fields } }, headers);
  const complete = (message: object, finish_reason = 'stop', headers: Record<string, string> = {}, usage = AI_USAGE) => {
    call.charged = true;
    json(200, { id: 'c1', object: 'chat.completion', choices: [{ index: 0, message, finish_reason }], usage }, headers);
  };
  const mail = {
    role: 'assistant',
    content: JSON.stringify({ subject: `For ${call.email}`, body: `Hello ${call.email},\n\na question.\n\nAna` }),
  };
  switch (call.fault) {
    case undefined:
      return complete(mail);
    case 'reasoning in the total':
      return complete(mail, 'stop', {}, { ...AI_USAGE, total_tokens: 2_500 });
    case 'hang':
      return undefined;
    case 'reset':
      return response.socket?.destroy();
    case '429':
      return error(429, 'Rate limit reached', { type: 'tokens', code: 'rate_limit_exceeded' });
    case '429 for an hour':
      return error(429, 'Rate limit reached', {}, { 'retry-after': '3600' });
    case '429 for ever':
      return error(429, 'Rate limit reached', {}, { 'retry-after': '9999999999' });
    case '429 till yesterday':
      return error(429, 'Rate limit reached', {}, { 'retry-after': new Date(Date.now() - 86_400_000).toUTCString() });
    case '429 quota':
      return error(429, 'You exceeded your current quota', { type: 'insufficient_quota', code: 'insufficient_quota' });
    case '401':
      return error(401, `Incorrect API key provided: ${call.authorization?.replace('Bearer ', '')}`, { code: 'invalid_api_key' });
    case '404':
      return error(404, 'The model does not exist', { code: 'model_not_found' });
    case '500':
      return error(500, 'The server had an error');
    case 'cut JSON':
      response.writeHead(200, { 'content-type': 'application/json' });
      return response.end('{"id":"c1","choices":[{"index":0,"message":{"role":"assist');
    case 'no JSON':
      return response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to the hotel network</h1>');
    case 'refusal':
      return complete({ role: 'assistant', content: null, refusal: 'I cannot help with that.' });
    case 'wrong schema':
      return complete({ role: 'assistant', content: '{"title":"no subject here"}' });
    case 'wrong schema, then right':
      return call.body.messages.length > 2 ? complete(mail) : complete({ role: 'assistant', content: 'Sure! Here is your mail.' });
    case 'cut off':
      return complete({ role: 'assistant', content: '{"subject":"For","body":"Hello th' }, 'length');
    case 'no json_schema':
      if (call.body.response_format?.type === 'json_schema')
        return error(400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", {
          param: 'response_format',
        });
      return complete({ role: 'assistant', content: `Sure:\n\`\`\`json\n${mail.content}\n\`\`\`` });
    case 'no max_tokens':
      if (call.body.max_tokens !== undefined)
        return error(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", {
          param: 'max_tokens',
        });
      return complete(mail);
    case 'no usage':
      call.charged = true;
      return json(200, { choices: [{ index: 0, message: mail, finish_reason: 'stop' }] });
    case 'allowance used up':
      return complete(mail, 'stop', { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m30s' });
    case 'too long':
      return error(400, "This model's maximum context length is 4096 tokens. Please reduce the length of the messages.", { code: 400 });
    case 'cap too large':
      return error(400, "'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096 tokens.", {
        code: 400,
      });
    case 'gateway gave up':
      return error(504, 'Gateway Timeout');
    case 'broke in the middle':
      return complete({ role: 'assistant', content: '{"subject":"For' }, 'error');
    case 'nested':
      return response.writeHead(200, { 'content-type': 'application/json' }).end('['.repeat(900_000) + ']'.repeat(900_000));
    case 'odd request':
      return error(400, 'messages.1: something is wrong here');
    case 'slow drip':
    case 'endless':
      return drip(response, call.fault === 'endless' ? 65_536 : 1);
  }
}

/** A completion that never ends: a byte now and then, or as many as the client takes. */
function drip(response: ServerResponse, size: number): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = ' '.repeat(size);
  const timer = setInterval(() => response.write(chunk), size === 1 ? 50 : 1);
  response.on('close', () => clearInterval(timer));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
