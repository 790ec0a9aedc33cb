import type { Campaign } from '../domain/campaign.ts';
import { isFreemail } from '../domain/freemail.ts';
import { opensFor, type RecipientPace, recipientGates } from '../domain/pace.ts';
import { type SendWindow, windowFor } from '../domain/window.ts';
import type { Limits } from './gates.ts';
import type { PaceFacts } from './paceFacts.ts';

/** What holds for one recipient and not for the whole job. */
export interface RecipientRules {
  readonly window: SendWindow | null;
  readonly perCompanyDay: number | null;
  readonly domainGap: number | null;
}

/** Null when nothing looks at recipients, so that a claim need not either. */
export function recipientRules(campaign: Pick<Campaign, 'window'>, limits: Limits): RecipientRules | null {
  const window = campaign.window?.ofRecipient === true ? campaign.window : null;
  const { perCompanyDay, domainGap } = limits;
  return window === null && perCompanyDay === null && domainGap === null ? null : { window, perCompanyDay, domainGap };
}

/** A message as far as its recipient's gates go. */
export interface Addressed {
  readonly id: number;
  readonly prospect_id: number;
  readonly domain: string;
}

/** Gathers the facts of one recipient. */
export async function recipientPace(facts: PaceFacts, rules: RecipientRules, to: Addressed, now: number): Promise<RecipientPace> {
  const { perCompanyDay, domainGap } = rules;
  const cap = perCompanyDay === null || isFreemail(to.domain) ? null : perCompanyDay;
  return {
    window: await windowOf(facts, rules, to.prospect_id),
    companyFilledBy: cap === null ? null : await facts.domainFilledBy(to.domain, cap, now),
    domainTriedAt: domainGap === null ? null : await facts.domainTriedAt(to.domain, now),
    domainGap,
  };
}

/** The window in which a lead's mail may leave, by its `timezone` field. */
export async function windowOf(
  facts: Pick<PaceFacts, 'zoneOf'>,
  { window }: Pick<Campaign, 'window'>,
  prospectId: number,
): Promise<SendWindow | null> {
  return window?.ofRecipient === true ? windowFor(window, await facts.zoneOf(prospectId)) : window;
}

/**
 * Due messages whose recipient cannot be written to yet, put back into the line by `defer`: each to
 * its next opening, those of one domain one gap apart, so that they do not all come due at once.
 */
export class RecipientLine {
  readonly #facts: PaceFacts;
  readonly #rules: RecipientRules;
  readonly #defer: (id: number, dueAt: number) => Promise<void>;
  readonly #lastOf = new Map<string, number>();

  constructor(facts: PaceFacts, rules: RecipientRules, defer: (id: number, dueAt: number) => Promise<void>) {
    this.#facts = facts;
    this.#rules = rules;
    this.#defer = defer;
  }

  /** True when the message may leave now; otherwise it is due later. */
  async lets(message: Addressed, now: number): Promise<boolean> {
    const pace = await recipientPace(this.#facts, this.#rules, message, now);
    if (recipientGates(pace, now).length === 0) return true;
    const queued = { ...pace, domainTriedAt: this.#lastOf.get(message.domain) ?? pace.domainTriedAt };
    const dueAt = opensFor((at) => recipientGates(queued, at), now) ?? now;
    if (pace.domainGap !== null) this.#lastOf.set(message.domain, dueAt);
    await this.#defer(message.id, dueAt);
    return false;
  }
}
