import { APIConnectionError, APIError } from 'openai';
import * as z from 'zod';
import { NANO_PER_USD } from '../domain/aiCost.ts';
import { retryAfter } from '../domain/breaker.ts';
import { messageOf } from '../domain/errors.ts';
import { redact } from '../domain/redact.ts';
import { forTerminal } from '../domain/text.ts';
import { HttpTrouble } from '../http/client.ts';
import type { OpenAiSettings } from './openaiSettings.ts';
import type { Meter, Reply } from './provider.ts';
import { allowanceRest } from './rateLimit.ts';

const SHORTEST_KEY = 12;

/** What a chat completion must hold for us; the rest of it is not ours to judge. */
const completion = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
        error: z.unknown().optional(),
      }),
    )
    .min(1),
});

const usage = z.object({
  prompt_tokens: z.int().nonnegative(),
  completion_tokens: z.int().nonnegative(),
  total_tokens: z.int().nonnegative().optional(),
  /** OpenRouter's own account, in USD. */
  cost: z.number().nonnegative().optional(),
});

/** A complete answer: a text, or why there is none, and what it cost. */
export function readCompletion(data: unknown, headers: Headers, settings: OpenAiSettings): Reply {
  const parsed = completion.safeParse(data);
  const choice = parsed.success ? parsed.data.choices[0] : undefined;
  if (choice === undefined)
    return { kind: 'lost', reason: `its reply is no chat completion: ${said(JSON.stringify(data) ?? '', settings)}` };
  const meter = readMeter((data as { usage?: unknown }).usage, headers);
  const { message, finish_reason } = choice;
  const refusal = message.refusal?.trim();
  if (refusal) return { kind: 'lead_failed', reason: `the model refused: ${said(refusal, settings)}`, meter };
  if (finish_reason === 'content_filter') return { kind: 'lead_failed', reason: "the provider's content filter stopped the model", meter };
  if (finish_reason === 'length')
    return { kind: 'lead_failed', reason: `the text was cut off at ${settings.maxOutputTokens} tokens (ai.max_output_tokens)`, meter };
  // A provider that broke in the middle says so here, or leaves the text out.
  const text = withoutKey(message.content ?? '', settings);
  if (finish_reason === 'error' || choice.error != null || text.trim() === '')
    return { kind: 'lost', reason: `its reply holds no text (${finish_reason ?? 'no reason given'})`, meter };
  return { kind: 'text', text, meter };
}

function readMeter(value: unknown, headers: Headers): Meter {
  const parsed = usage.safeParse(value);
  const restMs = allowanceRest(headers, Date.now());
  const raw = redact(JSON.stringify(value ?? null));
  if (!parsed.success) return { raw, usage: undefined, costNano: undefined, restMs };
  const { prompt_tokens, completion_tokens, total_tokens = 0, cost } = parsed.data;
  return {
    raw,
    // xAI and some gateways count reasoning in the total alone, and charge for it.
    usage: { input: prompt_tokens, output: Math.max(completion_tokens, total_tokens - prompt_tokens) },
    costNano: cost === undefined ? undefined : Math.ceil(cost * NANO_PER_USD),
    restMs,
  };
}

/** A gateway gave up while the model behind it may have gone on writing, and charging. */
const GATEWAY_GAVE_UP = new Set([408, 499, 502, 504, 520, 521, 522, 523, 524]);

/** What a refusal or a broken connection means for this lead, for the provider, and for what may have been charged. */
export function readError(error: unknown, settings: OpenAiSettings, worked: boolean): Reply {
  if (error instanceof APIConnectionError || !(error instanceof APIError) || error.status === undefined) {
    const code = said(causeOf(error), settings);
    if (troubleIn(error)?.unsent === true) return { kind: 'down', reason: `cannot be reached (${code})`, restMs: undefined };
    return { kind: 'lost', reason: `the connection broke before a complete reply (${code})` };
  }
  const { status, code, headers } = error;
  const says = said(error.message, settings);
  const restMs = retryAfterOf(headers);
  const key = settings.keyName === undefined ? 'it asks for a key, and api_key is not set' : `the key ${settings.keyName}`;
  if (code === 'insufficient_quota' || error.type === 'insufficient_quota' || status === 402)
    return { kind: 'final', reason: `no quota is left for ${key}; top up the account` };
  // Its own words repeat a part of the key.
  if (status === 401) return { kind: 'final', reason: settings.keyName === undefined ? key : `${key} is refused (401)` };
  if (isModeration(error)) return { kind: 'lead_failed', reason: `the provider refused this lead's prompt: ${says}`, meter: UNCHARGED };
  if (status >= 300 && status < 400)
    return {
      kind: 'final',
      reason: `${settings.baseUrl} answers with a redirect (${status}), which is not followed; write base_url as it leads to`,
    };
  if (status === 403) return { kind: 'final', reason: `${key} may not do this: ${says}` };
  if (status === 404) return { kind: 'final', reason: `there is no model ${settings.model} at ${settings.baseUrl}: ${says}` };
  if (status === 429) return { kind: 'throttled', reason: says, restMs };
  if (status === 413 || code === 'context_length_exceeded' || TOO_LONG.test(error.message))
    return { kind: 'lead_failed', reason: `brief, lead and ai.max_output_tokens are too long for this model: ${says}`, meter: UNCHARGED };
  if (status === 400 || status === 422) {
    const reason = `the request is refused: ${says}`;
    return worked ? { kind: 'lead_failed', reason, meter: UNCHARGED } : { kind: 'final', reason };
  }
  return GATEWAY_GAVE_UP.has(status) ? { kind: 'lost', reason: says } : { kind: 'down', reason: says, restMs };
}

/** As OpenAI, vLLM, llama.cpp and OpenRouter's hosts say it. */
const TOO_LONG =
  /context (?:length|window|size)|maximum context|too many tokens|prompt is too long|reduce the length|exceeds the available context/i;

const UNCHARGED: Meter = { raw: 'null', usage: { input: 0, output: 0 }, costNano: 0, restMs: undefined };

/** OpenAI and Azure name it in the code; OpenRouter answers 403 with the reasons. */
function isModeration({ code, status, error }: APIError): boolean {
  if (['content_filter', 'content_policy_violation', 'invalid_prompt'].includes(code ?? '')) return true;
  return status === 403 && (error as { metadata?: { reasons?: unknown } } | undefined)?.metadata?.reasons !== undefined;
}

function retryAfterOf(headers: Headers | undefined): number | undefined {
  const ms = Number(headers?.get('retry-after-ms') ?? '');
  return retryAfter(ms > 0 ? String(ms / 1_000) : headers?.get('retry-after'), Date.now());
}

function causeOf(error: unknown): string {
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause) {
    const code = (inner as NodeJS.ErrnoException).code;
    if (typeof code === 'string') return code;
    if (inner.cause === undefined) return shortened(messageOf(inner));
  }
  return 'unknown';
}

function shortened(text: string): string {
  const line = redact(forTerminal(text));
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}

/** A provider's words, for a person: one short line, and the key is not in it. */
function said(text: string, { apiKey }: OpenAiSettings): string {
  return shortened(apiKey === undefined || apiKey === '' ? text : text.replaceAll(apiKey, '…'));
}

/** A mail that repeats the key must not be stored, let alone sent. A short one is no key but the word that a local server wants. */
function withoutKey(text: string, { apiKey }: OpenAiSettings): string {
  return apiKey === undefined || apiKey.length < SHORTEST_KEY ? text : text.replaceAll(apiKey, '…');
}

/** What our own HTTP client says went wrong, below whatever the library made of it. */
export function troubleIn(error: unknown): HttpTrouble | undefined {
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause) if (inner instanceof HttpTrouble) return inner;
  return undefined;
}
