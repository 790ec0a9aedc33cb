import type SMTPConnection from 'nodemailer/lib/smtp-connection';

/** A mailbox, and a bearer token for it (RFC 6750). */
export interface TokenLogin {
  readonly user: string;
  readonly token: string;
}

/** Ways to log in with a token, the one that both Google and Microsoft offer first. */
const METHODS = ['XOAUTH2', 'OAUTHBEARER'] as const;
type TokenMethod = (typeof METHODS)[number];

/** The first of ours that a server offers, as `tokenMethods` calls it. */
export function methodFor(offered: readonly string[]): string | undefined {
  const method = METHODS.find((one) => offered.includes(one));
  return method === undefined ? undefined : nameOf(method);
}

/** nodemailer takes XOAUTH2 for its own, and goes on with a password where that has no tokens. */
function nameOf(method: TokenMethod): string {
  return `TOKEN ${method}`;
}

type Handlers = NonNullable<NonNullable<ConstructorParameters<typeof SMTPConnection>[0]>['customAuth']>;

/** Our own login beside nodemailer's: its XOAUTH2 asks for another token by itself, and it knows no OAUTHBEARER. */
export function tokenMethods(login: TokenLogin, server: { readonly host: string; readonly port: number }): Handlers {
  return Object.fromEntries(
    METHODS.map((method): [string, Handlers[string]] => [
      nameOf(method),
      async ({ sendCommand }) => {
        const said = await sendCommand(`AUTH ${method} ${initialResponse(method, login, server)}`);
        // A refusal comes as a challenge with its reason, and the server waits for an answer before it says no.
        const final = codeIn(said.response) === 334 ? await sendCommand(ANSWER[method]) : said;
        if (codeIn(final.response) !== 235) throw new Error('Invalid login');
      },
    ]),
  );
}

/**
 * developers.google.com/workspace/gmail/imap/xoauth2-protocol, "Initial Client Response" (Microsoft's is the same); RFC 7628 §3.1,
 * where = and , of a name are written as in RFC 5801 §4.
 */
function initialResponse(
  method: TokenMethod,
  { user, token }: TokenLogin,
  { host, port }: { readonly host: string; readonly port: number },
): string {
  const text =
    method === 'XOAUTH2'
      ? `user=${user}\x01auth=Bearer ${token}\x01\x01`
      : `n,a=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},\x01host=${host}\x01port=${port}\x01auth=Bearer ${token}\x01\x01`;
  return Buffer.from(text).toString('base64');
}

/** An empty line, and in RFC 7628 §3.2.3 one control-A. */
const ANSWER: Readonly<Record<TokenMethod, string>> = { XOAUTH2: '', OAUTHBEARER: 'AQ==' };

/** Of several lines the code of the first; nodemailer reads none then. */
function codeIn(response: string): number {
  return Number(/^\d{3}/.exec(response)?.[0] ?? 0);
}
