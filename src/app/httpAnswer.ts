import { messageOf } from '../domain/errors.ts';
import type { LoginRequest } from '../domain/login.ts';
import { ask, HttpTrouble } from '../http/client.ts';

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
export async function getAnswer({ url, insecure, headers }: LoginRequest, limitMs: number, now: () => number): Promise<HttpAnswer> {
  const startedAt = now();
  try {
    const answer = await ask(
      { method: 'GET', url, insecure, headers: { accept: 'application/json', ...headers } },
      { connect: limitMs, headers: limitMs, whole: limitMs, bytes: LONGEST_BODY },
    );
    const date = Date.parse(answer.headers.date ?? '');
    // The header has whole seconds: on average it is half a second behind.
    const aheadMs = Number.isNaN(date) ? undefined : date + 500 - (startedAt + now()) / 2;
    return { kind: 'answered', status: answer.status, body: answer.body, aheadMs };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): HttpAnswer {
  const { code, message: reason } = error instanceof HttpTrouble ? error : { code: '', message: messageOf(error) };
  if (code === 'ECONNREFUSED') return { kind: 'closed' };
  if (code === 'ENOTFOUND') return { kind: 'no_such_host' };
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code)) return { kind: 'unsafe', reason };
  return { kind: 'unreachable', reason };
}
