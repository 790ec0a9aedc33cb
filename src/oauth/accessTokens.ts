import type { AccessToken, AccessTokens } from '../domain/accessToken.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { reached } from '../domain/milestone.ts';
import { forgetSecret, redact } from '../domain/redact.ts';
import { oneLine } from '../domain/text.ts';
import type { OAuthClient } from './client.ts';
import { type Grant, renewedGrant } from './grant.ts';
import { askForTokens, type TokenAnswer } from './tokenServer.ts';

/** Where one sender's grant is kept. All reject with an OutreachError when the place cannot be used. */
export interface GrantStore {
  read(): Promise<Grant | undefined>;
  /** On the disk, or in the keychain, before it resolves. */
  write(grant: Grant): Promise<void>;
  /** Runs `work` while no other process refreshes the same grant; the system ends it with the process. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export interface TokenNeeds {
  readonly client: OAuthClient;
  readonly store: GrantStore;
  /** What a person does to get another grant: `outreach login main`. */
  readonly mend: string;
  /** Wall clock, epoch ms; it may be wrong, and set at any moment. */
  readonly now: () => number;
  /** Monotonic, in ms. */
  readonly uptime: () => number;
  readonly warn: (what: string) => void;
}

/** A token, and since when this process has it by either clock. */
interface Held {
  readonly token: string;
  readonly lifetimeMs: number;
  readonly wall: number;
  readonly uptime: number;
}

/** Refreshed so long before its end, or when a quarter of its time is left: mails on their way must not meet the end. */
const AHEAD_MS = 5 * 60_000;
const DEAD_FOR_MS = 10_000;
const OLD_TOKENS = 6;

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
  #held: Held | undefined;
  #work: Promise<AccessToken> | undefined;
  /** What could not be stored; a later look tries again. */
  #unstored: { readonly grant: Grant; readonly after: string } | undefined;
  /** A refresh token that its server has just refused for good, and how: lanes side by side ask no second time. */
  #dead: { readonly refresh: string; readonly reply: string; readonly until: number } | undefined;
  /** Tokens that were replaced, the latest last. */
  readonly #old: string[] = [];

  constructor(needs: TokenNeeds) {
    this.#needs = needs;
  }

  async current(): Promise<AccessToken> {
    const held = this.#held;
    if (held !== undefined && this.#left(held) > aheadOf(held)) return { ok: true, token: held.token };
    return this.#renewed(undefined);
  }

  async instead(token: string): Promise<AccessToken> {
    while (this.#work !== undefined) await this.#work;
    const held = this.#held;
    if (held !== undefined && held.token !== token && this.#left(held) > aheadOf(held)) return { ok: true, token: held.token };
    return this.#renewed(token);
  }

  /** By whichever clock says that more time has gone by: the one on the wall may be set, the other stands while the machine sleeps. */
  #left({ lifetimeMs, wall, uptime }: Held): number {
    return lifetimeMs - Math.max(this.#needs.now() - wall, this.#needs.uptime() - uptime);
  }

  #renewed(refused: string | undefined): Promise<AccessToken> {
    this.#work ??= this.#renew(refused).finally(() => {
      this.#work = undefined;
    });
    return this.#work;
  }

  async #renew(refused: string | undefined): Promise<AccessToken> {
    const { store, mend } = this.#needs;
    try {
      return await store.alone(async () => {
        reached('oauth.locked');
        const grant = await this.#latest();
        if (grant === undefined) return lasting(`nobody has logged in yet: ${mend}`);
        const stored = this.#storedToken(grant, refused);
        if (stored !== undefined) return this.#hold(stored);
        return await this.#refresh(grant, refused);
      });
    } catch (error) {
      const hint = error instanceof OutreachError && error.hint !== undefined ? ` (${error.hint})` : '';
      return this.#stillHeld(refused) ?? passing(`the grant cannot be used now: ${messageOf(error)}${hint}`);
    }
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
    if (access.token === refused || access.token === this.#held?.token || age < 0 || client_id !== client.clientId) return undefined;
    const held = { token: access.token, lifetimeMs: access.lifetime_ms, wall: access.obtained_at, uptime: uptime() - age };
    return this.#left(held) > aheadOf(held) ? held : undefined;
  }

  async #refresh(grant: Grant, refused: string | undefined): Promise<AccessToken> {
    const { client, mend, now, uptime } = this.#needs;
    if (grant.client_id !== client.clientId) return lasting(`the grant is another client’s than oauth.client_id: ${mend}`);
    const dead = this.#dead;
    if (dead?.refresh === grant.refresh_token && uptime() < dead.until) return lasting(dead.reply);
    const began = { wall: now(), uptime: uptime() };
    reached('oauth.asking');
    const { answer, used } = await askWith(client, grant);
    reached('oauth.answered');
    if (answer.kind === 'granted') {
      const next = renewedGrant(grant, used, answer.granted, began.wall);
      await this.#keep(next, grant.refresh_token);
      reached('oauth.stored');
      this.#forget([grant.access.token, grant.previous], next);
      return this.#hold({ token: answer.granted.accessToken, lifetimeMs: answer.granted.lifetimeMs, ...began });
    }
    if (answer.kind === 'unknown') return this.#stillHeld(refused) ?? passing(`no token: ${answer.reply}`);
    const reply = refusalWords(client, answer, mend);
    this.#dead = { refresh: grant.refresh_token, reply, until: uptime() + DEAD_FOR_MS };
    return lasting(reply);
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

  /** A reply to what is on its way may still repeat the token before. */
  #forget(replaced: readonly (string | null)[], { access, refresh_token, previous }: Grant): void {
    const kept = [access.token, refresh_token, previous];
    for (const token of replaced) if (token !== null && !kept.includes(token)) this.#old.push(token);
    while (this.#old.length > OLD_TOKENS) forgetSecret(this.#old.shift() ?? '');
  }

  #hold(held: Held): AccessToken {
    this.#held = held;
    return { ok: true, token: held.token };
  }

  /** The token at hand, as long as it lasts, where another one cannot be had. */
  #stillHeld(refused: string | undefined): AccessToken | undefined {
    const held = this.#held;
    return held !== undefined && held.token !== refused && this.#left(held) > 0 ? { ok: true, token: held.token } : undefined;
  }
}

function aheadOf({ lifetimeMs }: Held): number {
  return Math.min(AHEAD_MS, lifetimeMs / 4);
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

const lasting = (reply: string): AccessToken => ({ ok: false, lasting: true, reply: clean(reply) });
const passing = (reply: string): AccessToken => ({ ok: false, lasting: false, reply: clean(reply) });

function clean(reply: string): string {
  return redact(oneLine(reply)).slice(0, 500);
}
