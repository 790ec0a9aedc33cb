import type { AccessToken, AccessTokens } from '../domain/accessToken.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { reached } from '../domain/milestone.ts';
import type { OAuthClient } from './client.ts';
import { type Grant, renewedGrant } from './grant.ts';
import { type Clocks, type Held, HeldToken, lasting } from './heldToken.ts';
import { askForTokens, isFinal, type TokenAnswer } from './tokenServer.ts';

/** Where one sender's grant is kept. All reject with an OutreachError when the place cannot be used. */
export interface GrantStore {
  read(): Promise<Grant | undefined>;
  /** On the disk, or in the keychain, before it resolves. */
  write(grant: Grant): Promise<void>;
  /** Runs `work` while no other process refreshes the same grant; the system ends it with the process. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export interface TokenNeeds extends Clocks {
  readonly client: OAuthClient;
  readonly store: GrantStore;
  /** What a person does to get another grant: `outreach login main`. */
  readonly mend: string;
  readonly warn: (what: string) => void;
}

/**
 * Tokens of one grant, for all senders and lanes of this process. One process at a time refreshes; the others take what it has
 * stored. What a server gives is stored before it is used, with the refresh token before it, so that a kill at any moment
 * leaves one that works.
 */
export function refreshedTokens(needs: TokenNeeds): AccessTokens {
  return new RefreshedTokens(needs);
}

class RefreshedTokens implements AccessTokens {
  readonly #needs: TokenNeeds;
  readonly #held: HeldToken;
  /** What could not be stored; a later look tries again. */
  #unstored: { readonly grant: Grant; readonly after: string } | undefined;

  constructor(needs: TokenNeeds) {
    this.#needs = needs;
    this.#held = new HeldToken(needs, (refused) => this.#renew(refused));
  }

  current(): Promise<AccessToken> {
    return this.#held.current();
  }

  instead(token: string): Promise<AccessToken> {
    return this.#held.instead(token);
  }

  async #renew(refused: string | undefined): Promise<AccessToken> {
    const { store, mend } = this.#needs;
    try {
      const known = await this.#renewedElsewhere(refused);
      if (known !== undefined) return this.#held.hold(known);
      return await store.alone(async () => {
        reached('oauth.locked');
        const grant = await this.#latest();
        if (grant === undefined) return lasting(`nobody has logged in yet: ${mend}`);
        const stored = this.#storedToken(grant, refused);
        if (stored !== undefined) return this.#held.hold(stored);
        return await this.#refresh(grant, refused);
      });
    } catch (error) {
      const hint = error instanceof OutreachError && error.hint !== undefined ? ` (${error.hint})` : '';
      return this.#held.still(refused, `the grant cannot be used now: ${messageOf(error)}${hint}`);
    }
  }

  /** Looked for without the lock, so that nobody who has a token waits for another process that renews. */
  async #renewedElsewhere(refused: string | undefined): Promise<Held | undefined> {
    if (this.#unstored !== undefined) return undefined;
    const grant = await this.#needs.store.read();
    return grant === undefined ? undefined : this.#storedToken(grant, refused);
  }

  /** What is stored, or what this process could not store, unless a person has logged in since. */
  async #latest(): Promise<Grant | undefined> {
    const stored = await this.#needs.store.read();
    const unstored = this.#unstored;
    if (unstored === undefined || stored?.refresh_token !== unstored.after) return stored;
    await this.#keep(unstored.grant, unstored.after);
    return unstored.grant;
  }

  /**
   * A token that another process has stored, as old as the wall clock says; one from the future says that the clock was set.
   * Of this process's own its clocks have told already that it ends.
   */
  #storedToken({ access, client_id }: Grant, refused: string | undefined): Held | undefined {
    const { now, uptime, client } = this.#needs;
    const age = now() - access.obtained_at;
    if (access.token === refused || access.token === this.#held.token || age < 0 || client_id !== client.clientId) return undefined;
    const held = { token: access.token, lifetimeMs: access.lifetime_ms, wall: access.obtained_at, uptime: uptime() - age };
    return this.#held.lasts(held) ? held : undefined;
  }

  async #refresh(grant: Grant, refused: string | undefined): Promise<AccessToken> {
    const { client, mend, now, uptime } = this.#needs;
    if (grant.client_id !== client.clientId) return lasting(`the grant is another client’s than oauth.client_id: ${mend}`);
    const dead = this.#held.refusedLately(grant.refresh_token);
    if (dead !== undefined) return dead;
    const began = { wall: now(), uptime: uptime() };
    reached('oauth.asking');
    const { answer, used } = await askWith(client, grant);
    reached('oauth.answered');
    if (answer.kind === 'granted') {
      const next = renewedGrant(grant, used, answer.granted, began.wall);
      // What could not be stored either is not what the store holds.
      await this.#keep(next, this.#unstored?.after ?? grant.refresh_token);
      reached('oauth.stored');
      this.#forget([grant.access.token, grant.previous], next);
      return this.#held.hold({ token: answer.granted.accessToken, lifetimeMs: answer.granted.lifetimeMs, ...began });
    }
    if (answer.kind === 'unknown' || !isFinal(answer.error)) return this.#held.still(refused, `no token: ${answer.reply}`);
    return this.#held.refuse(grant.refresh_token, refusalWords(client, answer, mend));
  }

  /** The token is good although its grant could not be written: what was stored before it has worked a moment ago. */
  async #keep(grant: Grant, after: string): Promise<void> {
    try {
      await this.#needs.store.write(grant);
      this.#unstored = undefined;
    } catch (error) {
      if (!(error instanceof OutreachError)) throw error;
      this.#unstored = { grant, after };
      this.#needs.warn(`the renewed grant could not be stored, and is tried again: ${error.message}`);
    }
  }

  #forget(replaced: readonly (string | null)[], { access, refresh_token, previous }: Grant): void {
    const kept = [access.token, refresh_token, previous];
    this.#held.replaced(replaced.flatMap((token) => (token === null || kept.includes(token) ? [] : [token])));
  }
}

/**
 * Asks with the refresh token that was given last. Where its server does not know it, the one before may still be good: the
 * answer that named the new one was perhaps never settled there.
 */
async function askWith(client: OAuthClient, { refresh_token, previous }: Grant): Promise<{ answer: TokenAnswer; used: string }> {
  const answer = await refreshWith(client, refresh_token);
  if (answer.kind !== 'refused' || answer.error !== 'invalid_grant' || previous === null) return { answer, used: refresh_token };
  const second = await refreshWith(client, previous);
  return second.kind === 'granted' ? { answer: second, used: previous } : { answer, used: refresh_token };
}

function refreshWith(client: OAuthClient, refreshToken: string): Promise<TokenAnswer> {
  return askForTokens(client, { grant_type: 'refresh_token', refresh_token: refreshToken });
}

function refusalWords({ label }: OAuthClient, { error, reply }: { readonly error: string; readonly reply: string }, mend: string): string {
  if (error === 'invalid_client' || error === 'unauthorized_client')
    return `${label} refuses the client (${reply}): correct oauth.client_id and client_secret, then: ${mend}`;
  return `the grant is no longer valid at ${label} (${reply}): ${mend}`;
}
