import type { Campaign } from '../domain/campaign.ts';
import { isFreemail } from '../domain/freemail.ts';
import type { LeadFields } from '../domain/lead.ts';
import { opensFor, type RecipientPace, recipientGates } from '../domain/pace.ts';
import { type SendWindow, windowFor } from '../domain/window.ts';
import { domainFilledBy, domainTriedAt } from '../store/attempts.ts';
import { prospectById } from '../store/prospects.ts';
import type { Db, Tx } from '../store/schema.ts';
import { type DueMessage, deferMessage } from '../store/sending.ts';
import type { Limits } from './gates.ts';

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

/** Gathers the facts of one recipient. */
export async function recipientPace(
  db: Db,
  rules: RecipientRules,
  to: { readonly prospect_id: number; readonly domain: string },
  now: number,
): Promise<RecipientPace> {
  const { perCompanyDay, domainGap } = rules;
  const cap = perCompanyDay === null || isFreemail(to.domain) ? null : perCompanyDay;
  return {
    window: await windowOf(db, rules, to.prospect_id),
    companyFilledBy: cap === null ? null : await domainFilledBy(db, to.domain, cap, now),
    domainTriedAt: domainGap === null ? null : await domainTriedAt(db, to.domain, now),
    domainGap,
  };
}

/** The window in which a lead's mail may leave, by its `timezone` field. */
export async function windowOf(db: Db, { window }: Pick<Campaign, 'window'>, prospectId: number): Promise<SendWindow | null> {
  if (window === null || !window.ofRecipient) return window;
  const fields = JSON.parse((await prospectById(db, prospectId)).fields) as LeadFields;
  return windowFor(window, fields.timezone);
}

/**
 * Due messages whose recipient cannot be written to yet, put back into the line: each to its next
 * opening, those of one domain one gap apart, so that they do not all come due at once.
 */
export class RecipientLine {
  readonly #rules: RecipientRules;
  readonly #lastOf = new Map<string, number>();

  constructor(rules: RecipientRules) {
    this.#rules = rules;
  }

  /** True when the message may leave now; otherwise it is due later. */
  async lets(tx: Tx, message: DueMessage, now: number): Promise<boolean> {
    const pace = await recipientPace(tx, this.#rules, message, now);
    if (recipientGates(pace, now).length === 0) return true;
    const queued = { ...pace, domainTriedAt: this.#lastOf.get(message.domain) ?? pace.domainTriedAt };
    const dueAt = opensFor((at) => recipientGates(queued, at), now) ?? now;
    if (pace.domainGap !== null) this.#lastOf.set(message.domain, dueAt);
    await deferMessage(tx, message.id, dueAt);
    return false;
  }
}
