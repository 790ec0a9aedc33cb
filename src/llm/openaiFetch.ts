import { isNestedTooDeep } from '../domain/foreignJson.ts';
import { ask } from '../http/client.ts';
import type { OpenAiSettings } from './openaiSettings.ts';

/** A reply longer than this is not a mail. */
const LONGEST_REPLY = 2_000_000;

/** What is sent of the library's own headers: the others tell the server of this machine. */
const SENT = ['accept', 'authorization', 'content-type'];
const CONNECT_WITHIN = 10_000;

/** The library's requests through our client. A model answers when all of its text is written, so the whole limit holds for the headers too. */
export function fetchOf({ insecure, limitMs }: OpenAiSettings) {
  return async (asked: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const given = new Headers(init.headers);
    const { status, headers, body } = await ask(
      {
        method: 'POST',
        url: new URL(String(asked)),
        insecure,
        headers: Object.fromEntries(SENT.flatMap((name) => (given.has(name) ? [[name, given.get(name) ?? '']] : []))),
        body: String(init.body),
      },
      { connect: CONNECT_WITHIN, headers: limitMs, whole: limitMs, bytes: LONGEST_REPLY },
      init.signal ?? undefined,
    );
    const told = Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as [string, string]] : []));
    // The library parses it by itself.
    if (isNestedTooDeep(body)) throw new Error('the reply nests too deep');
    return new Response(body === '' ? null : body, { status, headers: told });
  };
}
