import type { Command } from 'commander';
import { formatUsd, NANO_PER_USD } from '../domain/aiCost.ts';
import { formatDuration } from '../domain/duration.ts';
import { plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

export function estimateCommand(use: Use): Command {
  return command('estimate', 'Say what writing the rest of a campaign will cost.', ['estimate hello', 'estimate hello --json'])
    .argument('[campaign]', 'campaign (default: the only one there is)')
    .action(use(estimate));
}

async function estimate(context: Context, name: string | undefined): Promise<undefined> {
  const { output } = context;
  const app = await context.app();
  const { chooseCampaign } = await import('../config/campaignFolder.ts');
  const { firstModel } = await import('../app/parts.ts');
  const { estimateCost } = await import('../pipeline/estimateCost.ts');
  const campaign = app.campaigns.load(chooseCampaign(app.workspace, name));
  const { db } = await app.openStore();
  const model = campaign.generator === 'ai' ? firstModel(app.config) : undefined;
  if (model === undefined) {
    output.object({ campaign: campaign.name, mails: null, model: null, usd: 0, most_usd: 0, measured_calls: 0, seconds: null });
    output.line(`Campaign ${campaign.name} is a template: writing its mails costs nothing.\n\nNext: outreach worker`);
    return;
  }
  const { mails, each, most, measured, callMs } = await estimateCost(db, campaign, model);
  const ms = callMs === null ? null : (mails * callMs) / Math.max(1, app.config.ai?.concurrency ?? 1);
  const usd = (nano: number | null) => (nano === null ? null : (mails * nano) / NANO_PER_USD);
  output.object({
    campaign: campaign.name,
    mails,
    model: model.model,
    usd: usd(each),
    most_usd: usd(most),
    measured_calls: measured,
    seconds: ms === null ? null : ms / 1_000,
  });
  output.line(`${plural(mails, 'mail')} of campaign ${campaign.name} ${mails === 1 ? 'is' : 'are'} still to be written by ${model.model}.`);
  if (mails === 0) {
    output.line(`\nNext: outreach import leads.csv --campaign ${campaign.name}`);
    return;
  }
  if (each === null || most === null)
    output.line('Its provider has no price in outreach.yaml (ai.providers.price), so nobody can say what that costs.');
  else {
    const how = measured === 0 ? "reckoned from the prompts' length" : `measured on ${plural(measured, 'call')} of this campaign`;
    output.line(`About ${formatUsd(mails * each)}: ${formatUsd(each)} each, ${how}. At most ${formatUsd(mails * most)}.`);
  }
  if (ms !== null) output.line(`About ${formatDuration(Math.max(1_000, Math.round(ms / 1_000) * 1_000))} of writing.`);
  output.line(`\nNext: outreach preview ${campaign.name}`);
}
