import type { AccessToken, AccessTokens } from '../domain/accessToken.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import type { OAuthClient } from './client.ts';
import { type Clocks, HeldToken } from './heldToken.ts';
import { askForTokens, type Granted, isFinal, type TokenAnswer } from './tokenServer.ts';

export interface ApplicationNeeds extends Clocks {
  /** The application with its secret, read anew: a person may have stored another one. Rejects with an OutreachError. */
  readonly client: () => Promise<OAuthClient>;
  readonly mend: ApplicationMend;
}

/** What a person does: `secret` where the server does not take it (`outreach login main-client`), `resume` when the cause is mended. */
export interface ApplicationMend {
  readonly secret: string;
  readonly resume: string;
}

/**
 * Tokens of an application, for all lanes of this process. No person logs in and there is no refresh token: the next access token
 * is asked for with the same secret, so nothing is stored, and no other process is waited for.
 */
export class ApplicationTokens implements AccessTokens {
  readonly #needs: ApplicationNeeds;
  readonly #held: HeldToken;
  #granted: Granted | undefined;

  constructor(needs: ApplicationNeeds) {
    this.#needs = needs;
    this.#held = new HeldToken(needs, (refused) => this.#renew(refused));
  }

  /** What the token server gave last. */
  get granted(): Granted | undefined {
    return this.#granted;
  }

  current(): Promise<AccessToken> {
    return this.#held.current();
  }

  instead(token: string): Promise<AccessToken> {
    return this.#held.instead(token);
  }

  async #renew(refused: string | undefined): Promise<AccessToken> {
    try {
      return await this.#ask(await this.#needs.client(), refused);
    } catch (error) {
      if (!(error instanceof OutreachError)) throw error;
      return this.#held.still(refused, `the secret of the application cannot be read now: ${messageOf(error)}`);
    }
  }

  async #ask(client: OAuthClient, refused: string | undefined): Promise<AccessToken> {
    const { mend, now, uptime } = this.#needs;
    const shown = `${client.clientId} ${client.clientSecret}`;
    const dead = this.#held.refusedLately(shown);
    if (dead !== undefined) return dead;
    const began = { wall: now(), uptime: uptime() };
    const answer = await askAsApplication(client);
    if (answer.kind === 'unknown' || (answer.kind === 'refused' && !isFinal(answer.error)))
      return this.#held.still(refused, `no token: ${answer.reply}`);
    if (answer.kind === 'refused')
      return this.#held.refuse(shown, `${applicationRefusal(client, answer.error, mend.secret)}, then: ${mend.resume} (${answer.reply})`);
    const { accessToken, lifetimeMs } = answer.granted;
    const { token } = this.#held;
    if (token !== undefined && token !== accessToken) this.#held.replaced([token]);
    this.#granted = answer.granted;
    return this.#held.hold({ token: accessToken, lifetimeMs, ...began });
  }
}

/** One request for a token by client credentials (RFC 6749 §4.4). Never throws for what a server does. */
export function askAsApplication(client: OAuthClient): Promise<TokenAnswer> {
  return askForTokens(client, { grant_type: 'client_credentials', scope: client.scope });
}

/** What a person does about a refusal; the server's words are long at Microsoft, and stand behind it. */
export function applicationRefusal({ label, clientId }: OAuthClient, error: string, aboutSecret: string): string {
  return error === 'invalid_client'
    ? `${label} does not take the secret of application ${clientId}, which is wrong or has ended: ${aboutSecret}`
    : `${label} gives application ${clientId} no token: correct oauth.client_id, tenant and scope`;
}
