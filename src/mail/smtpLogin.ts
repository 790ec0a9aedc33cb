import type { AccessToken } from '../domain/accessToken.ts';
import { type SmtpServer, shakeHands } from './smtpHandshake.ts';
import type { SmtpWire } from './smtpWire.ts';

/** There is no token to log in with. `lasting`: until a person logs in again. */
export class NoToken extends Error {
  override readonly name = 'NoToken';
  readonly lasting: boolean;

  constructor(message: string, lasting: boolean) {
    super(message);
    this.lasting = lasting;
  }
}

/**
 * A connection that is logged in, with the password or with a token. A token that the server refuses may have ended before
 * its time, or by a clock that is wrong: another one is asked for, once, and tried on a connection of its own.
 */
export async function logIn(server: SmtpServer, cut: AbortSignal): Promise<SmtpWire> {
  const { auth } = server;
  if (auth === undefined || 'password' in auth) return shakeHands(server, cut, auth);
  const { user, tokens, mend } = auth;
  const token = await granted(tokens.current(), cut);
  try {
    return await shakeHands(server, cut, { user, token });
  } catch (error) {
    if (!refusesToken(error)) throw error;
    const another = await granted(tokens.instead(token), cut);
    if (another === token) throw Object.assign(error, { mend });
    return await shakeHands(server, cut, { user, token: another }).catch((second: unknown) => {
      throw refusesToken(second) ? Object.assign(second, { mend }) : second;
    });
  }
}

/** What a server said, and what a person does about it, unless the reply says so already. */
export function withMend(reply: string, error: unknown): string {
  const { mend } = error as { mend?: unknown };
  return typeof mend !== 'string' || reply.includes('outreach login') ? reply : `${reply} (${mend})`;
}

/** The token itself, not the kind of login (504) or a server in trouble (4xx). */
function refusesToken(error: unknown): error is Error {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  return error instanceof Error && code === 'EAUTH' && (responseCode === 535 || responseCode === 534);
}

async function granted(asked: Promise<AccessToken>, cut: AbortSignal): Promise<string> {
  const token = await unlessCut(asked, cut);
  if (token.ok) return token.token;
  throw new NoToken(token.reply, token.lasting);
}

function unlessCut<T>(work: Promise<T>, cut: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onCut = () => reject(new Error('the time limit passed'));
    if (cut.aborted) onCut();
    cut.addEventListener('abort', onCut, { once: true });
    work.then(resolve, reject).finally(() => cut.removeEventListener('abort', onCut));
  });
}
