import OpenAI, { APIError, APIUserAbortError } from 'openai';
import { REPLY_SCHEMA } from '../domain/mailReply.ts';
import { OUTPUT_FORMATS, type OutputFormat } from '../domain/outputFormat.ts';
import type { Prompt } from '../domain/prompt.ts';
import { type Capabilities, capabilitiesOf } from './capabilities.ts';
import { fetchOf } from './openaiFetch.ts';
import { readCompletion, readError, troubleIn } from './openaiReplies.ts';
import type { OpenAiSettings } from './openaiSettings.ts';
import type { Reply, TextProvider } from './provider.ts';

/** A model behind any server that speaks the OpenAI chat completions API. */
export function openAiProvider(settings: OpenAiSettings): TextProvider {
  const client = new OpenAI({
    apiKey: settings.apiKey ?? 'none',
    baseURL: settings.baseUrl,
    organization: null,
    project: null,
    webhookSecret: null,
    // Its own retries obey any Retry-After without a bound.
    maxRetries: 0,
    timeout: settings.limitMs,
    logLevel: 'off',
    fetch: fetchOf(settings),
  });
  const known = capabilitiesOf(settings.baseUrl);
  let can: Capabilities = { ...known, output: settings.output ?? known.output };
  // Once it has answered, a refused request is about this lead; before, about the settings.
  let worked = false;
  return {
    name: settings.name,
    model: settings.model,
    price: settings.price ?? known.price,
    maxOutputTokens: settings.maxOutputTokens,
    async ask(prompt, cut) {
      const timer = new AbortController();
      // The client's own time-out ends with the reply's headers; this one covers its body too.
      const timeout = setTimeout(() => timer.abort(), settings.limitMs);
      const leave = () => timer.abort();
      cut.addEventListener('abort', leave, { once: true });
      if (cut.aborted) leave();
      try {
        for (let step = 0; ; step++) {
          const result = await once(client, settings, can, prompt, { timer: timer.signal, cut, worked, mayAdapt: step < MOST_STEPS });
          if (result.kind === 'cannot') can = result.instead;
          else {
            worked ||= result.kind === 'text';
            return result;
          }
        }
      } finally {
        clearTimeout(timeout);
        cut.removeEventListener('abort', leave);
      }
    },
  };
}

/** Two lesser output formats and the other name of the cap: there is no more to give up. */
const MOST_STEPS = 3;

interface Circumstances {
  readonly timer: AbortSignal;
  readonly cut: AbortSignal;
  readonly worked: boolean;
  readonly mayAdapt: boolean;
}

/** The server does not know a parameter; nothing was charged, and it is asked again without. */
interface Cannot {
  readonly kind: 'cannot';
  readonly instead: Capabilities;
}

async function once(
  client: OpenAI,
  settings: OpenAiSettings,
  can: Capabilities,
  prompt: Prompt,
  { timer, cut, worked, mayAdapt }: Circumstances,
): Promise<Reply | Cannot> {
  try {
    const { data, response } = await client.chat.completions
      .create(
        {
          model: settings.model,
          messages: prompt.messages.map(({ role, content }) => ({ role, content })),
          [can.cap]: settings.maxOutputTokens,
          ...formatOf(can.output),
          stream: false,
        },
        { signal: timer },
      )
      .withResponse();
    return readCompletion(data, response.headers, settings);
  } catch (error) {
    const trouble = troubleIn(error);
    if (timer.aborted || error instanceof APIUserAbortError || (trouble?.code === 'ETIMEDOUT' && !trouble.unsent))
      return { kind: 'lost', reason: cut.aborted ? 'the worker left' : `no complete reply within ${settings.limitMs / 1_000} s` };
    const adapted = mayAdapt && error instanceof APIError ? without(error, can) : undefined;
    return adapted ?? readError(error, settings, worked);
  }
}

function formatOf(output: OutputFormat): Pick<OpenAI.ChatCompletionCreateParams, 'response_format'> {
  if (output === 'json_schema')
    return { response_format: { type: 'json_schema', json_schema: { name: 'mail', strict: true, schema: REPLY_SCHEMA } } };
  return output === 'json_object' ? { response_format: { type: 'json_object' } } : {};
}

/** What to leave out when the server says that it does not know it; undefined when the refusal is about something else. */
function without(error: APIError, can: Capabilities): Cannot | undefined {
  const about = `${error.param ?? ''} ${error.message}`;
  if (error.status !== 400 && error.status !== 422) return undefined;
  if (!/unsupported|not supported|unknown|unrecogni[sz]ed|does not support|not permitted|not allowed|invalid parameter|extra/i.test(about))
    return undefined;
  if (/max_tokens/.test(about) && /max_completion_tokens/.test(about) && can.cap === 'max_tokens')
    return { kind: 'cannot', instead: { ...can, cap: 'max_completion_tokens' } };
  if (/max_completion_tokens/.test(about) && can.cap === 'max_completion_tokens')
    return { kind: 'cannot', instead: { ...can, cap: 'max_tokens' } };
  const next = OUTPUT_FORMATS[OUTPUT_FORMATS.indexOf(can.output) + 1];
  if (/response_format|json_schema|json_object|structured output|guided/i.test(about) && next !== undefined)
    return { kind: 'cannot', instead: { ...can, output: next } };
  return undefined;
}
