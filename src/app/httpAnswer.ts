import { messageOf } from '../domain/errors.ts';
import type { LoginRequest } from '../domain/login.ts';

/** A GET's answer, as far as a check needs it. */
export type HttpAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: string;
      /** How far the server's clock is ahead of ours in ms; undefined when it does not say. */
      readonly aheadMs: number | undefined;
    }
  /** Nobody listens there. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'unsafe'; readonly reason: string }
  | { readonly kind: 'no_such_host' }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Longer lists of models there are none. */
const LONGEST_BODY = 4_000_000;

/** One GET within `limitMs`; follows no redirect, because the key would go along. Never throws. */
export async function getAnswer({ url, headers }: LoginRequest, limitMs: number, now: () => number): Promise<HttpAnswer> {
  const startedAt = now();
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json', 'user-agent': 'outreach', ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(limitMs),
    });
    const date = Date.parse(response.headers.get('date') ?? '');
    // The header has whole seconds: on average it is half a second behind.
    const aheadMs = Number.isNaN(date) ? undefined : date + 500 - (startedAt + now()) / 2;
    return { kind: 'answered', status: response.status, body: await bodyOf(response), aheadMs };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): HttpAnswer {
  const cause = (error as { cause?: { code?: string } }).cause;
  const { code = '' } = cause ?? {};
  const reason = (error as Error).name === 'TimeoutError' ? 'no answer in time' : messageOf(cause ?? error);
  if (code === 'ECONNREFUSED') return { kind: 'closed' };
  if (code === 'ENOTFOUND') return { kind: 'no_such_host' };
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code)) return { kind: 'unsafe', reason };
  return { kind: 'unreachable', reason };
}

async function bodyOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LONGEST_BODY) break;
  }
  return text;
}
