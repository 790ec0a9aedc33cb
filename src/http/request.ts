import {
  type Agent,
  type AgentOptions,
  type ClientRequest,
  Agent as PlainAgent,
  request as plainRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import manifest from '../../package.json' with { type: 'json' };
import { isLoopback } from '../domain/host.ts';

/** The only name that this program gives of itself. */
const USER_AGENT = `outreach/${manifest.version}`;

/** Where to, and how far it is trusted. */
export interface HttpTarget {
  readonly url: URL;
  /** http to another machine too, because the settings say so. */
  readonly insecure?: boolean | undefined;
}

/** Idle connections are dropped before any server would: one that closes under a request leaves its answer unknown. */
const IDLE_LIMIT = 1_000;

/** Connections that are used again. `ca`: certificate authorities to trust instead of the system's (PEM). */
export function agentFor(url: URL, ca?: string): Agent {
  const options: AgentOptions = { keepAlive: true, timeout: IDLE_LIMIT, maxFreeSockets: 32 };
  return isTls(url) ? new TlsAgent({ ...options, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) }) : new PlainAgent(options);
}

/** Why it may not be asked: its words would go over the network in clear, and nobody allowed that. */
export function inClear({ url, insecure = false }: HttpTarget): string | undefined {
  if (isTls(url) || insecure || isLoopback(url.hostname)) return undefined;
  return `http would send all of it in clear to ${url.hostname}`;
}

/** A request of which nothing is written yet. Node follows no redirect and adds no header but Host and Connection. Throws what `inClear` says. */
export function openRequest(target: HttpTarget, { headers, ...options }: RequestOptions & { ca?: string }): ClientRequest {
  const clear = inClear(target);
  if (clear !== undefined) throw new Error(clear);
  const told = { ...options, headers: { ...headers, 'user-agent': USER_AGENT } };
  const { url } = target;
  return isTls(url) ? tlsRequest(url, { ...told, rejectUnauthorized: true }) : plainRequest(url, told);
}

function isTls({ protocol }: URL): boolean {
  return protocol === 'https:';
}
