import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import type { CampaignCheck, CheckedVariable } from '../app/campaignCheck.ts';
import type { Trouble } from '../config/inspect.ts';
import { type Campaign, needsApproval } from '../domain/campaign.ts';
import { writeDuration } from '../domain/duration.ts';
import { OutreachError } from '../domain/errors.ts';
import { asTyped, blockForTerminal } from '../domain/text.ts';
import { writeWindow } from '../domain/window.ts';
import { cell, iso, moment, number, plural } from '../terminal/output.ts';
import { sayTroubles, sayWarnings } from './config.ts';
import { type Context, command, type Use } from './context.ts';

const ACTIONS = ['new', 'check'] as const;

interface Options {
  readonly ai?: boolean;
  readonly leads?: string;
}

export function campaignCommand(use: Use): Command {
  return command('campaign', 'Begin a campaign, or check one: its variables, window, senders, and one mail as it would be.', [
    'campaign new spring',
    'campaign new spring --ai',
    'campaign check hello',
    'campaign check hello --leads leads.csv',
  ])
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .argument('[name]', 'name of the campaign (of check: default the only one there is)')
    .option('--ai', 'of new: a model writes the mails, and the text is its brief')
    .option('--leads <file>', 'of check: a CSV to check against (default: the imported leads, or leads.csv)')
    .action(use(campaign));
}

async function campaign(
  context: Context,
  action: (typeof ACTIONS)[number],
  name: string | undefined,
  options: Options,
): Promise<number | undefined> {
  if (options.ai === true && action !== 'new') throw new OutreachError('usage', '--ai goes with campaign new');
  if (options.leads !== undefined && action !== 'check') throw new OutreachError('usage', '--leads goes with campaign check');
  return action === 'new' ? begin(context, name, options.ai === true) : check(context, name, options.leads);
}

async function begin(context: Context, name: string | undefined, ai: boolean): Promise<undefined> {
  if (name === undefined) throw new OutreachError('usage', 'name the campaign', { hint: 'outreach campaign new spring' });
  const { output } = context;
  const app = await context.app();
  const { writeCampaign } = await import('../config/scaffold.ts');
  const path = writeCampaign(app.workspace, name, ai);
  output.object({ campaign: name, path, generator: ai ? 'ai' : 'template' });
  output.line(`Campaign ${name}: ${relative(context.cwd, path)}`);
  if (ai && app.config.ai === undefined)
    output.line(`A model writes it, and outreach.yaml names none yet: write ai.providers there (${app.config.path}).`);
  output.line(`\nNext: edit it, then: outreach campaign check ${name}`);
}

async function check(context: Context, asked: string | undefined, leads: string | undefined): Promise<number> {
  const { output, cwd } = context;
  const csv = leads === undefined ? undefined : resolve(cwd, leads);
  if (leads === '-') throw new OutreachError('usage', '--leads takes a file, and not standard input');
  if (csv !== undefined && !existsSync(csv)) throw new OutreachError('input', `there is no file ${leads}`);
  const workspace = context.workspace();
  const { chooseCampaign, campaignNames, missingCampaign } = await import('../config/campaignFolder.ts');
  const name = chooseCampaign(workspace, asked);
  if (!campaignNames(workspace).includes(name)) throw missingCampaign(workspace, name);
  const { inspectCampaign } = await import('../config/inspect.ts');
  const { loadConfig } = await import('../config/config.ts');
  const found = inspectCampaign(workspace, name, loadConfig(workspace));
  if (found.length > 0) return complain(context, name, found, undefined);
  const app = await context.app();
  const campaign = app.campaigns.load(name);
  const { checkCampaign } = await import('../app/campaignCheck.ts');
  const checked = await checkCampaign(app, campaign, csv, Date.now());
  if (output.json) output.object(asJson(campaign, checked));
  else report(context, campaign, checked);
  sayWarnings(context, checked.warnings);
  if (checked.troubles.length > 0) return complain(context, name, checked.troubles, checked);
  output.line(`\nNext: ${nextStep(context, campaign, checked)}`);
  return 0;
}

function complain(context: Context, name: string, troubles: readonly Trouble[], checked: CampaignCheck | undefined): number {
  if (checked === undefined) context.output.object({ campaign: name, ok: false, problems: troubles, warnings: [] });
  sayTroubles(context, troubles);
  context.output.line(
    `\n${plural(troubles.length, 'problem')}.\n\nNext: mend ${troubles.length === 1 ? 'it' : 'them'}, then: outreach campaign check ${name}`,
  );
  return 2;
}

function report(context: Context, campaign: Campaign, checked: CampaignCheck): void {
  const { output } = context;
  const { leads, variables, mail } = checked;
  const title = (text: string) => output.line(output.colour.bold(text));
  title(`Campaign ${campaign.name}: ${sendingOf(campaign)}`);
  output.line(`\nWindow: ${windowOf(campaign, checked)}`);
  output.line(`Review: ${reviewOf(campaign)}`);
  output.line(
    `Leads:  ${leads.from}${leads.looked_at > 1 ? `, the first ${number(leads.looked_at)}` : ''}; columns ${leads.columns.map((column) => cell(column, 30)).join(', ')}\n`,
  );
  output.table(
    ['SENDER', 'TYPE', 'FROM', 'CAP A DAY', 'GAP'],
    checked.senders.map(({ name, type, from, daily_cap, gap }) => [
      cell(name),
      type === 'outbox' ? 'outbox (reaches nobody)' : type,
      cell(from),
      daily_cap === undefined ? 'none' : number(daily_cap),
      gap === undefined ? 'none' : `${writeDuration(gap.min)} to ${writeDuration(gap.max)}`,
    ]),
  );
  if (variables.length > 0) {
    output.line();
    output.table(
      ['VARIABLE', 'LINE', ''],
      variables.map((variable) => [cell(variable.name), String(variable.line), judgement(context, variable)]),
      [1],
    );
  }
  const reasons = [...new Set(leads.unwritable.map(({ reason }) => reason))];
  if (reasons.length > 0) output.line();
  for (const reason of reasons.slice(0, MOST_REASONS)) {
    const [first, ...others] = leads.unwritable.filter((lead) => lead.reason === reason);
    const more = others.length === 0 ? '' : ` and ${plural(others.length, 'other')}`;
    output.line(`${output.colour.yellow(cell(first?.email ?? ''))}${more}: ${cell(reason, 300)}`);
  }
  if (reasons.length > MOST_REASONS)
    output.line(`… and ${plural(reasons.length - MOST_REASONS, 'more reason')} why leads cannot be written to`);
  output.line();
  if (mail !== null) {
    title(`To ${cell(mail.email)}`);
    output.line(
      `  Subject: ${cell(mail.subject, 200)}\n\n${blockForTerminal(mail.text)
        .trimEnd()
        .replace(/^(?=.)/gm, '  ')}`,
    );
  } else if (campaign.generator === 'ai')
    output.line(`A model writes each mail from the brief; see some: outreach preview ${campaign.name}`);
  if (checked.troubles.length > 0) output.line();
}

const MOST_REASONS = 5;

function sendingOf({ generator, send }: Campaign): string {
  const by = generator === 'ai' ? 'written by a model' : 'a template';
  const how =
    send.mode === 'drip'
      ? `${plural(send.rate ?? 0, 'mail')} an hour`
      : send.at === null
        ? 'sent as fast as the senders may'
        : `from ${moment(send.at)}`;
  return `${by}, ${how}`;
}

/** What the rule means for this campaign, whether the file names one or not. */
function reviewOf(campaign: Campaign): string {
  return needsApproval(campaign)
    ? `${campaign.review}: every mail waits for your approval (outreach approve)`
    : `${campaign.review}: mails leave without anybody's approval`;
}

function windowOf({ window }: Campaign, { opensAt }: CampaignCheck): string {
  if (window === null || opensAt === null) return 'none: mail may leave at any hour';
  const zone = window.ofRecipient ? `the lead's own time zone (else ${window.timezone})` : window.timezone;
  return `${writeWindow(window)}, ${zone}; ${opensAt <= Date.now() ? 'open now' : `opens ${moment(opensAt)} your time`}`;
}

function judgement({ output }: Context, { state, did_you_mean }: CheckedVariable): string {
  const near = did_you_mean === null ? '' : `; did you mean ${cell(did_you_mean)}?`;
  if (state === 'known') return 'ok';
  return state === 'unknown'
    ? output.colour.red(`no such column${near}`)
    : output.colour.yellow(`no such column, so always its default${near}`);
}

function asJson(campaign: Campaign, { troubles, opensAt, senders, ...checked }: CampaignCheck): object {
  return {
    campaign: campaign.name,
    ok: troubles.length === 0,
    problems: troubles,
    ...checked,
    window:
      campaign.window === null ? null : { text: writeWindow(campaign.window), timezone: campaign.window.timezone, opens_at: iso(opensAt) },
    senders: senders.map(({ name, type, from, daily_cap }) => ({ name, type, from, daily_cap: daily_cap ?? null })),
  };
}

function nextStep({ cwd }: Context, { name, generator }: Campaign, { leads }: CampaignCheck): string {
  if (generator === 'ai') return `outreach preview ${name}    (after an import)`;
  if (leads.from === 'the imported leads') return `outreach preview ${name}`;
  const file = leads.path === null ? 'YOUR.csv' : asTyped([relative(cwd, leads.path)]);
  return `outreach import ${file} --campaign ${name} --dry-run`;
}
