import { afterEach, expect, test } from 'vitest';
import { readMailReply } from '../../src/domain/mailReply.ts';
import { mailPrompt } from '../../src/domain/prompt.ts';
import { capabilitiesOf } from '../../src/llm/capabilities.ts';
import { openAiProvider } from '../../src/llm/openaiProvider.ts';
import type { Reply } from '../../src/llm/provider.ts';
import { allowanceRest } from '../../src/llm/rateLimit.ts';
import { type AiFault, type AiServer, aiSettings, startAiServer } from '../support/aiServer.ts';
import { campaignWith } from '../support/bench.ts';

let server: AiServer | undefined;

afterEach(async () => {
  await server?.close();
});

const KEY = 'sk-secret-1234567890';

async function ask(fault: AiFault | undefined, cut = new AbortController().signal, limitMs = 10_000): Promise<Reply> {
  server = await startAiServer(() => fault);
  const provider = openAiProvider(aiSettings(server.url, { apiKey: KEY, keyName: 'env:TEST_KEY', limitMs }));
  return provider.ask(mailPrompt(campaignWith({ generator: 'ai', body: 'Ask one question.' }), { email: 'a@x.example' }), cut);
}

test('a good reply is text with the usage that it reported', async () => {
  const reply = await ask(undefined);
  expect(reply).toMatchObject({ kind: 'text', meter: { usage: { input: 400, output: 100 }, costNano: undefined, restMs: undefined } });
  expect(server?.calls[0]).toMatchObject({
    authorization: `Bearer ${KEY}`,
    body: { model: 'writer-1', max_tokens: 500, response_format: { type: 'json_schema' } },
  });
});

test.each([
  ['429', { kind: 'throttled', restMs: undefined }],
  ['429 for an hour', { kind: 'throttled', restMs: 600_000 }],
  ['429 for ever', { kind: 'throttled', restMs: 600_000 }],
  ['429 till yesterday', { kind: 'throttled', restMs: undefined }],
  ['429 quota', { kind: 'final', reason: 'no quota is left for the key env:TEST_KEY; top up the account' }],
  ['401', { kind: 'final', reason: 'the key env:TEST_KEY is refused (401)' }],
  ['404', { kind: 'final' }],
  ['500', { kind: 'down' }],
  ['reset', { kind: 'lost' }],
  ['cut JSON', { kind: 'lost' }],
  ['no JSON', { kind: 'lost' }],
  ['endless', { kind: 'lost' }],
  ['refusal', { kind: 'lead_failed', reason: 'the model refused: I cannot help with that.' }],
  ['cut off', { kind: 'lead_failed', reason: 'the text was cut off at 500 tokens (ai.max_output_tokens)' }],
  ['too long', { kind: 'lead_failed', reason: expect.stringContaining('too long for this model') }],
  ['cap too large', { kind: 'lead_failed' }],
  ['gateway gave up', { kind: 'lost' }],
  ['broke in the middle', { kind: 'lost', meter: { usage: { input: 400 } } }],
  ['odd request', { kind: 'final' }],
  ['no usage', { kind: 'text', meter: { usage: undefined } }],
  ['allowance used up', { kind: 'text', meter: { restMs: 90_000 } }],
] as const)('%s is read once, as what it is', async (fault, expected) => {
  const reply = await ask(fault);
  expect(reply).toMatchObject(expected);
  expect(JSON.stringify(reply)).not.toContain(KEY);
  expect(server?.calls).toHaveLength(1);
});

test.each(['hang', 'slow drip'] as const)('a reply that does not end (%s) is given up after the time limit', async (fault) => {
  expect(await ask(fault, undefined, 300)).toMatchObject({ kind: 'lost', reason: 'no complete reply within 0.3 s' });
});

test('a refused request is about the settings before the first answer, and about the lead after it', async () => {
  server = await startAiServer((_, turn) => (turn === 2 ? 'odd request' : undefined));
  const provider = openAiProvider(aiSettings(server.url));
  const prompt = mailPrompt(campaignWith({ generator: 'ai', body: 'Ask.' }), { email: 'a@x.example' });
  const never = new AbortController().signal;
  expect(await provider.ask(prompt, never)).toMatchObject({ kind: 'text' });
  expect(await provider.ask(prompt, never)).toMatchObject({
    kind: 'lead_failed',
    reason: expect.stringContaining('something is wrong here'),
  });
});

test('a worker that leaves breaks its call off', async () => {
  const cut = new AbortController();
  setTimeout(() => cut.abort(), 50);
  expect(await ask('hang', cut.signal)).toMatchObject({ kind: 'lost', reason: 'the worker left' });
});

test('nobody at the address is a provider that is down, and nothing was charged', async () => {
  server = await startAiServer();
  await server.close();
  const provider = openAiProvider(aiSettings(server.url));
  expect(await provider.ask({ messages: [] }, new AbortController().signal)).toMatchObject({
    kind: 'down',
    reason: 'cannot be reached (ECONNREFUSED)',
  });
});

test('what a server cannot do is left out, and remembered', async () => {
  expect(await ask('no json_schema')).toMatchObject({ kind: 'text' });
  expect(server?.calls.map(({ body }) => body.response_format?.type)).toEqual(['json_schema', 'json_object']);
  await server?.close();
  expect(await ask('no max_tokens')).toMatchObject({ kind: 'text' });
  expect(server?.calls.map(({ body }) => [body.max_tokens, body.max_completion_tokens])).toEqual([
    [500, undefined],
    [undefined, 500],
  ]);
});

test('providers differ in their output cap, and a model at home costs nothing', () => {
  expect(capabilitiesOf('https://api.openai.com/v1')).toEqual({ output: 'json_schema', cap: 'max_completion_tokens', price: undefined });
  expect(capabilitiesOf('https://openrouter.ai/api/v1').cap).toBe('max_tokens');
  expect(capabilitiesOf('http://localhost:11434/v1')).toMatchObject({ cap: 'max_tokens', price: { input: 0, output: 0 } });
});

test.each([
  ['x-ratelimit-reset-requests', '1s', 1_000],
  ['x-ratelimit-reset-requests', '6m0s', 360_000],
  ['x-ratelimit-reset-requests', '120ms', 120],
  ['x-ratelimit-reset-requests', '25h', 600_000],
  ['x-ratelimit-reset-requests', 'soon', undefined],
])('%s: %s is a pause of %s ms', (name, value, expected) => {
  expect(allowanceRest(new Headers({ 'x-ratelimit-remaining-requests': '0', [name]: value }), 0)).toBe(expected);
  expect(allowanceRest(new Headers({ 'x-ratelimit-remaining-requests': '1', [name]: value }), 0)).toBeUndefined();
});

test('an answer of nothing but brackets is refused at once, as a whole reply and within one', async () => {
  const brackets = '['.repeat(1_000_000) + ']'.repeat(1_000_000);
  const began = process.cpuUsage();
  expect(readMailReply(`{"subject":${brackets}}`)).toMatchObject({ kind: 'unusable' });
  expect(await ask('nested')).toMatchObject({ kind: 'lost' });
  expect(process.cpuUsage(began).user / 1_000).toBeLessThan(3_000);
});
