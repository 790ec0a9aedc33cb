import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One grant that a person has given, with all tokens that came of it. */
interface Family {
  readonly mailbox: string;
  readonly scope: string;
  revoked: boolean;
  /** Refresh tokens in the order in which they were given. */
  readonly refresh: string[];
  /** The latest of them that was shown: all before it are void. */
  used: number;
  /** How often each was shown. A client that keeps one and never its successor is found out. */
  readonly shown: Map<string, number>;
  access: { readonly token: string; readonly until: number }[];
}

interface PendingCode {
  readonly redirectUri: string;
  readonly challenge: string;
  readonly family: Family;
}

interface PendingDevice {
  readonly family: Family;
  state: 'pending' | 'allowed' | 'denied';
  polls: number;
}

/** What a request for tokens meets; asked once each. */
type TokenFault = 'hang' | 'reset' | '500' | '429' | 'html' | 'temporarily_unavailable' | 'no refresh token' | 'no scope' | 'answer lost';

export interface OAuthServer {
  readonly url: string;
  readonly clientId: string;
  clientSecret: string;
  /** What an application may do there; its tokens say so. */
  roles: string[];
  /** Whoever agrees has this mailbox. */
  mailbox: string;
  /** Whether each refresh gives another refresh token. */
  rotates: boolean;
  /** Of access tokens, in s. */
  lifetime: number;
  /** What the answer says of it, in s; undefined: the truth. */
  lifetimeSaid: number | undefined;
  fault: () => TokenFault | undefined;
  /** Laid over each answer that grants tokens. */
  odd: object;
  /** What a refresh is answered with instead, status and error; undefined: the truth. */
  refusal: readonly [number, string] | undefined;
  /** Before each request is looked at, in ms; asked once each. */
  delay: () => number;
  readonly requests: Record<string, string>[];
  /** A grant without a person. */
  grant(): { readonly refreshToken: string; readonly accessToken: string };
  /** Takes back every grant. */
  revoke(): void;
  /** Ends the access tokens that are out. */
  endAccess(): void;
  /** Whether a mail server takes this token for the mailbox. */
  takes(mailbox: string, token: string): boolean;
  /** What a person's browser does at the authorization address: the address that it is led to. */
  agree(address: string): string;
  /** The person types the code of a device, and agrees or does not. */
  type(userCode: string, allowed?: boolean): boolean;
  /** Whether a refresh token would be taken, as the server knows it. */
  alive(refreshToken: string): boolean;
  close(): Promise<void>;
}

/** Clients that lose an answer show the same token again; more often than this none has a reason to. */
const MOST_SHOWN = 8;

const SCOPES = 'openid email profile offline_access https://mail.google.com/ https://outlook.office.com/SMTP.Send';

/**
 * An authorization server on loopback (RFC 6749, client credentials included; PKCE: RFC 7636, devices: RFC 8628). Refresh tokens rotate as RFC 9700 §4.14.2
 * has it: the one before stays good until its successor is shown, from then on it is void, and whoever shows it again loses the
 * whole grant. A client that keeps a void token alone, or loses a new one, is found out.
 */
export async function startOAuthServer(): Promise<OAuthServer> {
  const families: Family[] = [];
  const codes = new Map<string, PendingCode>();
  const devices = new Map<string, PendingDevice>();
  const userCodes = new Map<string, string>();
  const token = () => randomBytes(40).toString('base64url');
  const newFamily = (scope: string): Family => {
    const family: Family = { mailbox: own.mailbox, scope, revoked: false, refresh: [], used: -1, shown: new Map(), access: [] };
    families.push(family);
    return family;
  };
  const issue = (family: Family, access = token()) => {
    family.access.push({ token: access, until: Date.now() + own.lifetime * 1_000 });
    return access;
  };
  const rotate = (family: Family) => {
    const refresh = token();
    family.refresh.push(refresh);
    return refresh;
  };
  const own = {
    clientId: 'client-of-ana',
    clientSecret: 'canary-client-secret-0123',
    roles: ['SMTP.SendAsApp'],
    mailbox: 'ana@ruiz.example',
    rotates: true,
    lifetime: 3_600,
    lifetimeSaid: undefined as number | undefined,
    fault: (): TokenFault | undefined => undefined,
    odd: {} as object,
    refusal: undefined as readonly [number, string] | undefined,
    delay: () => 0,
    requests: [] as Record<string, string>[],
    grant() {
      const family = newFamily(SCOPES);
      return { refreshToken: rotate(family), accessToken: issue(family) };
    },
    revoke() {
      for (const family of families) family.revoked = true;
    },
    endAccess() {
      for (const family of families) family.access = [];
    },
    takes: (mailbox: string, shown: string) =>
      families.some(
        (family) =>
          !family.revoked && family.mailbox === mailbox && family.access.some((one) => one.token === shown && Date.now() < one.until),
      ),
    alive: (shown: string) =>
      families.some((family) => !family.revoked && family.refresh.includes(shown) && family.refresh.indexOf(shown) >= family.used),
    agree(address: string) {
      const asked = new URL(address).searchParams;
      const code = token();
      const [redirectUri = '', challenge = ''] = [asked.get('redirect_uri') ?? '', asked.get('code_challenge') ?? ''];
      if (asked.get('code_challenge_method') !== 'S256' || challenge.length !== 43) throw new Error('no PKCE');
      if (asked.get('client_id') !== own.clientId || asked.get('response_type') !== 'code') throw new Error('another client');
      codes.set(code, { redirectUri, challenge, family: newFamily(asked.get('scope') ?? '') });
      const back = new URL(redirectUri);
      back.searchParams.set('code', code);
      back.searchParams.set('state', asked.get('state') ?? '');
      return back.href;
    },
    type(userCode: string, allowed = true) {
      const device = devices.get(userCodes.get(userCode) ?? '');
      if (device === undefined) return false;
      device.state = allowed ? 'allowed' : 'denied';
      return true;
    },
  };

  /** The answer to a request for tokens: status and body. */
  function answer(form: Record<string, string>): [number, object] {
    const no = (error: string, error_description?: string): [number, object] => [400, { error, error_description }];
    if (form.client_id !== own.clientId) return [401, { error: 'invalid_client' }];
    if (form.client_secret !== undefined && form.client_secret !== own.clientSecret)
      return [401, { error: 'invalid_client', error_description: `not ${form.client_secret}` }];
    if (form.grant_type === 'client_credentials') return ofApplication(form, no);
    if (form.grant_type === 'authorization_code') {
      const pending = codes.get(form.code ?? '');
      codes.delete(form.code ?? '');
      const challenge = createHash('sha256')
        .update(form.code_verifier ?? '')
        .digest('base64url');
      if (pending === undefined || pending.redirectUri !== form.redirect_uri || pending.challenge !== challenge)
        return no('invalid_grant', 'no such code');
      return [200, tokensOf(pending.family, rotate(pending.family))];
    }
    if (form.grant_type === 'refresh_token') return refreshed(form.refresh_token ?? '', no);
    const device = devices.get(form.device_code ?? '');
    if (device === undefined) return no('invalid_grant');
    device.polls++;
    if (device.polls === 2) return no('slow_down');
    if (device.state === 'pending') return no('authorization_pending');
    devices.delete(form.device_code ?? '');
    return device.state === 'denied' ? no('authorization_declined') : [200, tokensOf(device.family, rotate(device.family))];
  }

  /** As Entra does it: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow. No refresh token and no scope are in the answer. */
  function ofApplication(
    { client_secret, scope = '' }: Record<string, string>,
    no: (error: string, description?: string) => [number, object],
  ): [number, object] {
    if (client_secret === undefined) return no('invalid_request', 'AADSTS900144: The request body must contain client_secret.');
    if (!/^https:\/\/[\w.]+\/\.default$/.test(scope)) return no('invalid_scope', `AADSTS1002012: The scope ${scope} is not valid.`);
    const claims = Buffer.from(JSON.stringify({ aud: scope.replace('/.default', ''), roles: own.roles })).toString('base64url');
    const access = issue(newFamily(scope), `e30.${claims}.${token()}`);
    return [
      200,
      { token_type: 'Bearer', access_token: access, expires_in: own.lifetimeSaid ?? own.lifetime, ext_expires_in: own.lifetime },
    ];
  }

  function refreshed(shown: string, no: (error: string, description?: string) => [number, object]): [number, object] {
    const family = families.find(({ refresh }) => refresh.includes(shown));
    if (family === undefined || family.revoked) return no('invalid_grant', `Token has been expired or revoked: ${shown}`);
    const place = family.refresh.indexOf(shown);
    const times = (family.shown.get(shown) ?? 0) + 1;
    family.shown.set(shown, times);
    if (place < family.used || (own.rotates && times > MOST_SHOWN)) {
      family.revoked = true;
      return no('invalid_grant', 'this token was replaced, and its successor has been used');
    }
    family.used = place;
    return [200, tokensOf(family, own.rotates ? rotate(family) : undefined)];
  }

  function tokensOf(family: Family, refresh: string | undefined) {
    const claims = Buffer.from(JSON.stringify({ email: family.mailbox, preferred_username: family.mailbox })).toString('base64url');
    return {
      token_type: 'Bearer',
      access_token: issue(family),
      expires_in: own.lifetimeSaid ?? own.lifetime,
      scope: family.scope,
      id_token: `e30.${claims}.c2ln`,
      ...(refresh === undefined ? {} : { refresh_token: refresh }),
    };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    // A browser on this machine, whose person agrees at once.
    const [path = '', query = ''] = (request.url ?? '').split('?');
    if (path === '/agree') return void response.end(own.agree(decodeURIComponent(query)));
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
    own.requests.push({ path: request.url ?? '', ...form });
    const say = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
    };
    const delay = own.delay();
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (request.url === '/device') {
      const [deviceCode, userCode] = [token(), `${randomBytes(3).toString('hex').toUpperCase()}-X`];
      devices.set(deviceCode, { family: newFamily(form.scope ?? ''), state: 'pending', polls: 0 });
      userCodes.set(userCode, deviceCode);
      return say(200, { device_code: deviceCode, user_code: userCode, verification_uri: `${url()}/type`, expires_in: 30, interval: 0.05 });
    }
    const fault = own.fault();
    if (fault === 'hang') return;
    if (own.refusal !== undefined) return say(own.refusal[0], { error: own.refusal[1] });
    if (fault === 'reset') return void request.socket.resetAndDestroy();
    if (fault === '500' || fault === '429') return say(Number(fault), { error: 'invalid_grant' });
    if (fault === 'temporarily_unavailable') return say(400, { error: fault });
    if (fault === 'html') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to the hotel</h1>');
    const [status, body] = answer(form);
    if (fault === 'answer lost') return void request.socket.resetAndDestroy();
    const { refresh_token, scope, ...rest } = body as Record<string, unknown>;
    if (fault === 'no refresh token') return say(status, { ...rest, scope });
    if (fault === 'no scope') return say(status, { ...rest, refresh_token, scope: 'openid email' });
    say(status, status === 200 ? { ...body, ...own.odd } : body);
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(own, {
    url: url(),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}
