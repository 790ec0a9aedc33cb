import * as z from 'zod';
import { isLoopback } from '../domain/host.ts';
import { rememberSecret } from '../domain/redact.ts';
import { type OAuthClient, scopesOf } from './client.ts';
import { askForTokens, post, type TokenAnswer } from './tokenServer.ts';

/** A code for a machine without a browser (RFC 8628): the person types it on another one. */
export interface DeviceCode {
  readonly userCode: string;
  readonly verificationUri: string;
  readonly deviceCode: string;
  readonly intervalMs: number;
  readonly lifetimeMs: number;
}

export type DeviceCodeAnswer = { readonly kind: 'given'; readonly code: DeviceCode } | Exclude<TokenAnswer, { kind: 'granted' }>;

const answerOf = z.looseObject({
  device_code: z.string().regex(/^[\x21-\x7e]{1,4000}$/),
  user_code: z.string().regex(/^[A-Za-z0-9-]{4,40}$/),
  verification_uri: z.url(),
  expires_in: z.coerce.number().positive().max(86_400),
  // RFC 8628 §3.2: five seconds, where the server does not say.
  interval: z.coerce.number().positive().max(600).default(5),
});

export async function askForDeviceCode(client: OAuthClient, url: URL, cut?: AbortSignal): Promise<DeviceCodeAnswer> {
  const answer = await post(client, url, { scope: scopesOf(client) }, cut);
  if (answer.kind !== 'read') return answer;
  const read = answerOf.safeParse(answer.value);
  const uri = read.success ? new URL(read.data.verification_uri) : undefined;
  const safe = uri?.protocol === 'https:' || (uri?.protocol === 'http:' && (client.insecure || isLoopback(uri.hostname)));
  if (!read.success || uri === undefined || !safe) return { kind: 'unknown', reply: `${url.host} sent what is no code for a device` };
  const { device_code, user_code, expires_in, interval } = read.data;
  rememberSecret(device_code);
  const code = {
    userCode: user_code,
    verificationUri: uri.href,
    deviceCode: device_code,
    // Nobody wants to be asked more often than once a second.
    intervalMs: Math.max(1, interval) * 1_000,
    lifetimeMs: expires_in * 1_000,
  };
  return { kind: 'given', code };
}

export interface Waiting {
  sleep(ms: number): Promise<void>;
  /** Monotonic, in ms. */
  uptime(): number;
  readonly cut: AbortSignal;
}

/** Asks again and again until the person has agreed, has not, or the code has run out (RFC 8628 §3.4, §3.5). */
export async function awaitDevice(
  client: OAuthClient,
  { deviceCode, intervalMs, lifetimeMs }: DeviceCode,
  waiting: Waiting,
): Promise<TokenAnswer> {
  const end = waiting.uptime() + lifetimeMs;
  let pause = intervalMs;
  for (;;) {
    await waiting.sleep(pause);
    if (waiting.cut.aborted) return { kind: 'unknown', reply: 'given up' };
    const parameters = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: deviceCode };
    const answer = await askForTokens(client, parameters, waiting.cut);
    if (answer.kind === 'granted') return answer;
    const over = waiting.uptime() >= end;
    if (answer.kind === 'refused') {
      if (answer.error === 'slow_down') pause += SLOWER_BY;
      else if (answer.error !== 'authorization_pending') return answer;
    } else {
      // A network in trouble is not asked as often.
      pause = Math.min(pause * 2, 60_000);
    }
    if (over) return { kind: 'refused', error: 'expired_token', reply: 'expired_token: nobody has typed the code in time' };
  }
}

const SLOWER_BY = 5_000;
