import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SenderConfig } from '../config/config.ts';
import { lacking, type Trouble, troubleOf } from '../config/inspect.ts';
import { mapColumns } from '../csv/columns.ts';
import { readLead } from '../csv/leads.ts';
import { openCsv } from '../csv/readRows.ts';
import { columnsWithAddresses, firstRows } from '../csv/sample.ts';
import type { Campaign } from '../domain/campaign.ts';
import { OutreachError } from '../domain/errors.ts';
import { KNOWN_FIELDS, type LeadFields, withoutInvisibleText } from '../domain/lead.ts';
import { renderBody, renderSubject, senderScope } from '../domain/rendering.ts';
import { checkVariables, type MailTemplate, parseTemplate, type TemplateVariable } from '../domain/template.ts';
import { didYouMean } from '../domain/text.ts';
import { nextOpening } from '../domain/window.ts';
import { composeDraft, fieldsOf } from '../pipeline/draftMessage.ts';
import { INVENTED_LEAD } from '../pipeline/testMail.ts';
import { findCampaign } from '../store/campaigns.ts';
import { sampleLeads } from '../store/prospects.ts';
import type { App } from './app.ts';
import { openComposing } from './composing.ts';

/** What `outreach campaign check` tells of a campaign that can be read. */
export interface CampaignCheck {
  readonly troubles: readonly Trouble[];
  readonly variables: readonly CheckedVariable[];
  readonly leads: Pick<SampledLeads, 'from' | 'path' | 'columns'> & {
    readonly looked_at: number;
    readonly unwritable: readonly Unwritable[];
  };
  /** The window's next opening (epoch ms); null without a window. */
  readonly opensAt: number | null;
  readonly senders: readonly SenderConfig[];
  /** The mail of the first lead that can be written; null where a model writes or none can be. */
  readonly mail: { readonly email: string; readonly subject: string; readonly text: string } | null;
}

export interface CheckedVariable extends TemplateVariable {
  readonly state: 'known' | 'default' | 'unknown';
  readonly did_you_mean: string | null;
}

interface Unwritable {
  readonly email: string;
  readonly reason: string;
}

interface SampledLeads {
  /** For a person: where they are from. */
  readonly from: string;
  /** Of the CSV; null for those that are imported or invented. */
  readonly path: string | null;
  readonly columns: readonly string[];
  readonly leads: readonly LeadFields[];
}

/** Leads looked at; what the first ones lack, others will too. */
const LOOKED_AT = 50;

/** Checks a campaign against real leads: those of `csv`, its imported ones, the workspace's leads.csv, or an invented one. */
export async function checkCampaign(app: App, campaign: Campaign, csv: string | undefined, now: number): Promise<CampaignCheck> {
  const sampled = await leadsFor(app, campaign, csv);
  const known = new Set([...sampled.columns, ...Object.keys(senderScope(campaign)).map((key) => `sender.${key}`)]);
  const templates = templatesOf(campaign);
  const senders = app.config.senders.filter(({ name }) => campaign.senders.includes(name));
  const unwritable: Unwritable[] = [];
  const writable = campaign.generator === 'ai' ? [] : sampled.leads.filter((lead) => note(unwritable, campaign, lead));
  return {
    troubles: [...unknownVariables(templates, known, campaign.path), ...lacking(app.config, senders, () => null)],
    variables: templates
      .flatMap(({ required, optional }) => [
        ...required.map((variable) => judge(variable, known, 'unknown')),
        ...optional.map((variable) => judge(variable, known, 'default')),
      ])
      .sort((one, other) => one.line - other.line || one.column - other.column),
    leads: { from: sampled.from, path: sampled.path, columns: sampled.columns, looked_at: sampled.leads.length, unwritable },
    opensAt: campaign.window === null ? null : nextOpening(campaign.window, now),
    senders,
    mail: await mailFor(app, campaign, writable[0], { now, unwritable }),
  };
}

async function leadsFor(app: App, campaign: Campaign, csv: string | undefined): Promise<SampledLeads> {
  if (csv !== undefined) return fromFile(csv);
  const imported = existsSync(app.config.database) ? await importedLeads(app, campaign) : [];
  if (imported.length > 0) {
    return {
      from: 'the imported leads',
      path: null,
      columns: [...new Set(imported.flatMap((lead) => Object.keys(lead)))],
      leads: imported,
    };
  }
  const sample = join(app.workspace.root, 'leads.csv');
  if (existsSync(sample)) return fromFile(sample);
  return { from: 'an invented lead', path: null, columns: [...KNOWN_FIELDS], leads: [INVENTED_LEAD] };
}

async function importedLeads(app: App, { name }: Campaign): Promise<LeadFields[]> {
  const { db } = await app.openStore();
  const known = await findCampaign(db, name);
  return known === undefined ? [] : (await sampleLeads(db, known.id, LOOKED_AT)).map(fieldsOf);
}

async function fromFile(path: string): Promise<SampledLeads> {
  const file = await openCsv(path, basename(path), { delimiter: undefined, encoding: undefined });
  const rows = await firstRows(file);
  const columns = mapColumns(file.header, new Map(), file.name, columnsWithAddresses(rows));
  const leads = rows.flatMap((row) => {
    const lead = readLead(row, columns);
    return lead.kind === 'lead' ? [{ ...withoutInvisibleText(lead.fields), email: lead.address.email }] : [];
  });
  if (leads.length === 0)
    throw new OutreachError('input', `${file.name}: none of its ${rows.length === 1 ? 'rows' : `first ${rows.length} rows`} is a lead`, {
      hint: 'Why, row by row: outreach import FILE --dry-run',
    });
  return { from: file.name, path, columns: columns.filter((field) => field !== null), leads };
}

function templatesOf({ subject, body, generator, path, lines }: Campaign): MailTemplate[] {
  return [
    ...(subject === null ? [] : [parseTemplate(subject, { path, line: lines.subject })]),
    ...(generator === 'ai' ? [] : [parseTemplate(body, { path, line: lines.body })]),
  ];
}

function judge(variable: TemplateVariable, known: ReadonlySet<string>, otherwise: 'default' | 'unknown'): CheckedVariable {
  if (known.has(variable.name)) return { ...variable, state: 'known', did_you_mean: null };
  return { ...variable, state: otherwise, did_you_mean: didYouMean(variable.name, known) ?? null };
}

/** The same refusals as those of import, but all of them. */
function unknownVariables(templates: readonly MailTemplate[], known: ReadonlySet<string>, path: string): Trouble[] {
  return templates
    .flatMap(({ required }) => required)
    .flatMap((variable) => {
      try {
        checkVariables([variable], known, path);
        return [];
      } catch (error) {
        return [troubleOf(error, path)];
      }
    });
}

/** True when this lead's mail can be written; else it is noted, with why. */
function note(unwritable: Unwritable[], campaign: Campaign, lead: LeadFields): boolean {
  const failed = [renderSubject(campaign, lead), renderBody(campaign, lead)].find((rendered) => !rendered.ok);
  if (failed === undefined || failed.ok) return true;
  unwritable.push({ email: lead.email ?? '', reason: failed.reason });
  return false;
}

/** The whole mail, footer and files included; nothing of it is stored. */
async function mailFor(
  app: App,
  campaign: Campaign,
  lead: LeadFields | undefined,
  { now, unwritable }: { readonly now: number; readonly unwritable: Unwritable[] },
): Promise<CampaignCheck['mail']> {
  if (lead === undefined) return null;
  const [subject, text] = [renderSubject(campaign, lead), renderBody(campaign, lead)];
  if (!subject.ok || !text.ok) return null;
  const composing = { now: () => now, ...(await openComposing(app)) };
  const draft = await composeDraft(composing, campaign, lead, { subject: subject.text, text: text.text }, { messageId: 0, jobId: 0 });
  const email = lead.email ?? '';
  if (draft.kind === 'composed') return { email, subject: draft.subject, text: draft.text };
  unwritable.push({ email, reason: draft.reason });
  return null;
}
