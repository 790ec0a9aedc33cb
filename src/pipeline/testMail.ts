import type { Campaign } from '../domain/campaign.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import type { Delivery } from '../domain/delivery.ts';
import { OutreachError } from '../domain/errors.ts';
import type { LeadFields } from '../domain/lead.ts';
import type { Writer, Written } from '../llm/writer.ts';
import type { Mailer } from '../mail/mailer.ts';
import { findCampaign } from '../store/campaigns.ts';
import { sampleLeads } from '../store/prospects.ts';
import type { Db } from '../store/schema.ts';
import { type ComposeDependencies, composeDraft, type Draft, fieldsOf } from './draftMessage.ts';
import { boughtText } from './writeWithModel.ts';

export interface TestDependencies extends ComposeDependencies {
  /** Undefined as long as there is no database. */
  readonly db: Db | undefined;
  readonly template: Writer;
}

/** One mail of a campaign, to oneself. */
export interface TestMail {
  readonly draft: Draft;
  /** Whose mail it would be; null when its values are invented. */
  readonly lead: string | null;
}

/** Stands where a message's id would: no reply or bounce to a test is ever taken for one to a lead's mail. */
const NO_MESSAGE = 0;
/** Leads among which a text that was written already is looked for. */
const LEADS_LOOKED_AT = 200;

/** Stands for a lead where there is none yet. */
export const INVENTED_LEAD: LeadFields = {
  email: 'alex@sample.example',
  first_name: 'Alex',
  last_name: 'Sample',
  name: 'Alex Sample',
  company: 'Sample Company',
  title: 'Sample Title',
  website: 'https://sample.example',
  phone: '+00 000 0000',
  city: 'Sample City',
  country: 'Sample Country',
  timezone: 'Europe/Madrid',
};

/** Composes the mail of a campaign's first lead, of the lead `key` (an address in lower case), or of an invented one; stores nothing and asks no model. */
export async function composeTest(deps: TestDependencies, campaign: Campaign, to: string, key: string | undefined): Promise<TestMail> {
  const { lead, fields, written } = await textFor(deps, campaign, key);
  if (written.kind !== 'written') throw noMail(campaign, lead, written.reason);
  const subject = `[test] ${written.subject}`;
  // Addressed without the lead's name: it is not the lead who gets it.
  const draft = await composeDraft(deps, campaign, { ...without(fields), email: to }, { subject, text: written.text });
  if (draft.kind !== 'composed') throw noMail(campaign, lead, draft.reason);
  return { draft, lead };
}

function noMail(campaign: Campaign, lead: string | null, reason: string): OutreachError {
  return new OutreachError('refused', `there is no mail for ${lead ?? 'the invented lead'}: ${reason}`, {
    hint:
      lead === null
        ? `With real leads there is: outreach import leads.csv --campaign ${campaign.name}`
        : `Mend the lead or ${campaign.path}, or take another one: --lead EMAIL`,
  });
}

/**
 * Sends it, once. A person asked for exactly this mail to themselves, so nothing stands in the
 * database for it: no attempt, no count, and no gate is asked.
 */
export function deliverTest(mailer: Mailer, { draft }: TestMail, cut: AbortSignal): Promise<Delivery> {
  return mailer.deliver(draft.mail, {
    date: new Date(),
    arm: async () => !cut.aborted,
    limits: { unarmed: DEADLINES.connect, armed: DEADLINES.armed },
    cut,
  });
}

interface Text {
  readonly lead: string | null;
  readonly fields: LeadFields;
  readonly written: Written;
}

async function textFor(deps: TestDependencies, campaign: Campaign, key: string | undefined): Promise<Text> {
  const leads = await leadsOf(deps.db, campaign, key);
  if (campaign.generator === 'ai') return boughtFor(deps.db, campaign, leads, key);
  const [first] = leads;
  const fields = first === undefined ? INVENTED_LEAD : fieldsOf(first);
  const written = await deps.template.write({
    campaign,
    lead: fields,
    jobId: 0,
    messageId: NO_MESSAGE,
    deadlineAt: Number.POSITIVE_INFINITY,
  });
  return { lead: first?.email ?? null, fields, written };
}

async function boughtFor(db: Db | undefined, campaign: Campaign, leads: Leads, key: string | undefined): Promise<Text> {
  for (const prospect of leads) {
    if (db === undefined) break;
    const fields = fieldsOf(prospect);
    const written = await boughtText(db, { campaign, lead: fields, messageId: prospect.message_id });
    if (written?.kind === 'written' || (written !== undefined && key !== undefined)) return { lead: prospect.email, fields, written };
  }
  throw new OutreachError('refused', `nothing is written yet for ${key ?? `the leads of ${campaign.name}`}, and a test pays for no text`, {
    hint:
      leads.length === 0
        ? `First: outreach import leads.csv --campaign ${campaign.name}`
        : key === undefined
          ? `Have one written first: outreach preview ${campaign.name} --limit 1`
          : `Have it written first: outreach generate --lead ${key}`,
  });
}

type Leads = Awaited<ReturnType<typeof sampleLeads>>;

async function leadsOf(db: Db | undefined, campaign: Campaign, key: string | undefined): Promise<Leads> {
  const known = db === undefined ? undefined : await findCampaign(db, campaign.name);
  const leads = db === undefined || known === undefined ? [] : await sampleLeads(db, known.id, LEADS_LOOKED_AT, key);
  if (leads.length > 0 || key === undefined) return leads;
  throw new OutreachError('not_found', `there is no lead ${key} in campaign ${campaign.name}`, {
    hint: 'See them with: outreach messages',
  });
}

function without({ name: _name, first_name: _first, last_name: _last, ...fields }: LeadFields): LeadFields {
  return fields;
}
