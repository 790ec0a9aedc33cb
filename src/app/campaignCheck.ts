import type { SenderConfig } from '../config/config.ts';
import { lacking, type Trouble, troubleOf } from '../config/inspect.ts';
import type { Campaign } from '../domain/campaign.ts';
import type { LeadFields } from '../domain/lead.ts';
import { renderBody, renderSubject } from '../domain/rendering.ts';
import type { MailTemplate } from '../domain/template.ts';
import type { TemplateVariable } from '../domain/templateVariables.ts';
import { knownNames, templatesOf } from '../domain/templateWarnings.ts';
import { checkVariables, nearestName } from '../domain/unknownVariables.ts';
import { nextOpening } from '../domain/window.ts';
import { composeDraft } from '../pipeline/draftMessage.ts';
import type { App } from './app.ts';
import { type CheckedLeads, leadsToCheck, warningsFor } from './checkedLeads.ts';
import { openComposing } from './composing.ts';

/** What `outreach campaign check` tells of a campaign that can be read. */
export interface CampaignCheck {
  readonly troubles: readonly Trouble[];
  /** What is probably a slip, and stops nothing. */
  readonly warnings: readonly Trouble[];
  readonly variables: readonly CheckedVariable[];
  readonly leads: Pick<CheckedLeads, 'from' | 'path'> & {
    readonly columns: readonly string[];
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

/** Checks a campaign against real leads: those of `csv`, its imported ones, the workspace's leads.csv, or an invented one. */
export async function checkCampaign(app: App, campaign: Campaign, csv: string | undefined, now: number): Promise<CampaignCheck> {
  const checked = await leadsToCheck(app, campaign, csv);
  const columns = checked.columns.names;
  const known = knownNames(campaign, columns);
  const templates = templatesOf(campaign);
  const senders = app.config.senders.filter(({ name }) => campaign.senders.includes(name));
  const unwritable: Unwritable[] = [];
  const written = checked.leads.filter((lead) => note(unwritable, campaign, lead));
  const writable = campaign.generator === 'ai' ? [] : written;
  return {
    warnings: warningsFor(campaign, checked, 'default only'),
    troubles: [...unknownVariables(templates, known, campaign.path), ...lacking(app.config, senders, () => null)],
    variables: templates
      .flatMap(({ required, optional }) => [
        ...required.map((variable) => judge(variable, known, 'unknown')),
        ...optional.map((variable) => judge(variable, known, 'default')),
      ])
      .sort((one, other) => one.line - other.line || one.column - other.column),
    leads: { from: checked.from, path: checked.path, columns, looked_at: checked.leads.length, unwritable },
    opensAt: campaign.window === null ? null : nextOpening(campaign.window, now),
    senders,
    mail: await mailFor(app, campaign, writable, { now, unwritable }),
  };
}

function judge(variable: TemplateVariable, known: ReadonlySet<string>, otherwise: 'default' | 'unknown'): CheckedVariable {
  if (known.has(variable.name)) return { ...variable, state: 'known', did_you_mean: null };
  return { ...variable, state: otherwise, did_you_mean: nearestName(variable.name, known) ?? null };
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

/** True when this lead's mail can be written, as far as it is a template; else it is noted, with why. */
function note(unwritable: Unwritable[], campaign: Campaign, lead: LeadFields): boolean {
  const subject = campaign.subject === null ? [] : [renderSubject(campaign, lead)];
  const body = campaign.generator === 'ai' ? [] : [renderBody(campaign, lead)];
  const failed = [...subject, ...body].find((rendered) => !rendered.ok);
  if (failed === undefined || failed.ok) return true;
  unwritable.push({ email: lead.email ?? '', reason: failed.reason });
  return false;
}

/** The whole mail of the first lead that can have one, footer and files included; nothing of it is stored. Those before it are noted. */
async function mailFor(
  app: App,
  campaign: Campaign,
  leads: readonly LeadFields[],
  { now, unwritable }: { readonly now: number; readonly unwritable: Unwritable[] },
): Promise<CampaignCheck['mail']> {
  if (leads.length === 0) return null;
  const composing = { now: () => now, ...(await openComposing(app)) };
  for (const lead of leads) {
    const [subject, text] = [renderSubject(campaign, lead), renderBody(campaign, lead)];
    if (!subject.ok || !text.ok) continue;
    const draft = await composeDraft(composing, campaign, lead, { subject: subject.text, text: text.text });
    const email = lead.email ?? '';
    if (draft.kind === 'composed') return { email, subject: draft.subject, text: draft.text };
    unwritable.push({ email, reason: draft.reason });
  }
  return null;
}
