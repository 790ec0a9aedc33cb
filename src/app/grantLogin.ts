import type { MailboxSenderConfig } from '../config/config.ts';
import { mailboxOf } from '../config/oauth.ts';
import type { AccessToken } from '../domain/accessToken.ts';
import { OutreachError } from '../domain/errors.ts';
import type { LoginAnswer } from '../domain/login.ts';
import { listenForRedirect } from '../http/redirectListener.ts';
import { type Authorization, beginAuthorization, readRedirect, redeem, redirectUriOf } from '../oauth/authorization.ts';
import type { OAuthClient } from '../oauth/client.ts';
import { askForDeviceCode, awaitDevice } from '../oauth/deviceCode.ts';
import { allows, type Grant, newGrant } from '../oauth/grant.ts';
import type { Granted, TokenAnswer } from '../oauth/tokenServer.ts';
import { sleep } from './app.ts';
import { askServer, askSmtp, mailboxApiOf } from './logins.ts';

/** How the person is led to the provider, and back. */
export interface GrantTalk {
  /** Shows the address to a browser on this machine. */
  open(address: string): Promise<void>;
  /** Says where to type the code. */
  showCode(address: string, code: string): void;
  /** Says which address to open elsewhere, and waits for the one that the browser ended at. */
  askForAddress(address: string): Promise<string>;
}

/** `browser`: on this machine; otherwise elsewhere, with a code where the provider gives them for mail. */
export type GrantWay = 'browser' | 'elsewhere';

/** For a person to log in and agree. */
const PERSON_LIMIT_MS = 10 * 60_000;

/** No server is there: the address alone is wanted, which the browser shows all the same. */
const PASTED_PORT = 49_213;

/** Has a person allow the client to send from a mailbox, in the way that the machine has. Rejects with what went wrong. */
export async function askForGrant(client: OAuthClient, mailbox: string, way: GrantWay, talk: GrantTalk): Promise<Grant> {
  const cut = new AbortController();
  const timer = setTimeout(() => cut.abort(), PERSON_LIMIT_MS);
  try {
    const answer =
      way === 'browser'
        ? await byBrowser(client, mailbox, talk, cut.signal)
        : client.deviceUrl === undefined
          ? await byAddress(client, mailbox, talk, cut.signal)
          : await byCode(client, client.deviceUrl, talk, cut.signal);
    return checked(client, grantedIn(client, answer));
  } finally {
    clearTimeout(timer);
  }
}

async function byBrowser(client: OAuthClient, mailbox: string, talk: GrantTalk, cut: AbortSignal): Promise<TokenAnswer> {
  const listener = await listenForRedirect();
  try {
    const begun = beginAuthorization(client, redirectUriOf(client, listener.port), mailbox);
    let code: string | undefined;
    let refusal: string | undefined;
    const back = listener.wait((address) => {
      const said = readRedirect(address, begun);
      if (said.kind === 'foreign')
        return { status: 404, title: 'Not found', text: 'This is no answer to the login that waits here.', done: false };
      if (said.kind === 'code') code = said.code;
      else refusal = said.reply;
      const title = code === undefined ? 'Nothing was allowed' : 'Thank you';
      return { status: 200, title, text: 'You can close this page and go back to the terminal.', done: true };
    }, cut);
    await Promise.all([talk.open(begun.url.href), back.catch(tooLate)]);
    if (code === undefined) throw refused(refusal ?? 'no code came');
    return await redeem(client, begun, code, cut);
  } finally {
    listener.close();
  }
}

async function byAddress(client: OAuthClient, mailbox: string, talk: GrantTalk, cut: AbortSignal): Promise<TokenAnswer> {
  const begun = beginAuthorization(client, redirectUriOf(client, PASTED_PORT), mailbox);
  const said = readPasted(await talk.askForAddress(begun.url.href), begun);
  return redeem(client, begun, said, cut);
}

function readPasted(address: string, begun: Authorization): string {
  const said = readRedirect(address, begun);
  if (said.kind === 'code') return said.code;
  if (said.kind === 'refused') throw refused(said.reply);
  throw new OutreachError('usage', 'that is not the address that this login leads to', {
    hint: `Paste the whole of it, from the browser’s address bar; it begins with ${begun.redirectUri}. Each login has its own.`,
  });
}

async function byCode(client: OAuthClient, url: URL, talk: GrantTalk, cut: AbortSignal): Promise<TokenAnswer> {
  const answer = await askForDeviceCode(client, url, cut);
  if (answer.kind !== 'given') return answer;
  talk.showCode(answer.code.verificationUri, answer.code.userCode);
  return awaitDevice(client, answer.code, { sleep, uptime: () => performance.now(), cut });
}

function tooLate(): never {
  throw new OutreachError('refused', 'nobody has agreed within 10 minutes, and nothing is stored', {
    hint: 'Where the browser is on another machine: --no-browser',
  });
}

function refused(reply: string): OutreachError {
  return new OutreachError('refused', `the login was not allowed, and nothing is stored: ${reply}`);
}

function grantedIn({ label }: OAuthClient, answer: TokenAnswer): Granted {
  if (answer.kind === 'granted') return answer.granted;
  if (answer.kind === 'unknown')
    throw new OutreachError('environment', `${label} could not be asked, and nothing is stored: ${answer.reply}`, { hint: 'Try again.' });
  const aboutClient = /client/.test(answer.error);
  throw new OutreachError('refused', `${label} gives no grant, and nothing is stored: ${answer.reply}`, {
    hint: aboutClient
      ? 'Check oauth.client_id, client_secret and the kind of client; docs/providers.md tells how it is registered.'
      : 'Log in again; each code works once, and for a short time.',
  });
}

/** A grant that lets the program send while nobody is there, and nothing less. */
function checked(client: OAuthClient, granted: Granted): Grant {
  const grant = newGrant(client, granted, Date.now());
  if (grant === undefined)
    throw new OutreachError('refused', `${client.label} gave no refresh token, so the login would end within the hour; nothing is stored`, {
      hint: `Take the earlier grant back and log in again; the client must be one for desktop programs.`,
    });
  if (!allows(grant, client.scope))
    throw new OutreachError('refused', `sending mail was not allowed (${client.scope}), and nothing is stored`, {
      hint: 'Log in again, and leave every box ticked.',
    });
  return grant;
}

/** Whether the sender's server takes the grant's token. Rejects with its no, and where nobody could judge. */
export async function tryGrant(sender: MailboxSenderConfig, { access }: Grant): Promise<void> {
  const { host, answer } = await welcome(sender, access.token);
  if (answer.kind === 'let_in') return;
  if (answer.kind === 'refused') {
    const allowed = sender.type === 'smtp' ? 'SMTP must be allowed for it' : 'the API must be enabled for your client';
    throw new OutreachError('refused', `${host} refused the login of ${mailboxOf(sender)}, and nothing is stored: ${answer.reply}`, {
      hint: `The mailbox that you chose must be this one (user), and ${allowed}. Store it untested: --no-check`,
    });
  }
  throw new OutreachError('environment', `sender ${sender.name} could not be tried out, and nothing is stored: ${answer.reply}`, {
    hint: 'Store it untested: --no-check',
  });
}

async function welcome(sender: MailboxSenderConfig, token: string): Promise<{ readonly host: string; readonly answer: LoginAnswer }> {
  if (sender.type !== 'smtp') {
    const { HTTP_PROVIDER_KINDS } = await import('../mail/httpProviders.ts');
    const request = HTTP_PROVIDER_KINDS[sender.type].login(token, mailboxApiOf(sender));
    return { host: request.url.host, answer: await askServer(request) };
  }
  const current = async (): Promise<AccessToken> => ({ ok: true, token });
  const auth = { user: mailboxOf(sender), tokens: { current, instead: current }, mend: '' };
  return { host: sender.host, answer: await askSmtp(sender, auth) };
}
