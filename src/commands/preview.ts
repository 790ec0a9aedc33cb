import { type Command, Option } from 'commander';
import type { App } from '../app/app.ts';
import { formatUsd, NANO_PER_USD } from '../domain/aiCost.ts';
import type { Campaign } from '../domain/campaign.ts';
import { OutreachError } from '../domain/errors.ts';
import type { LeadData } from '../domain/leadData.ts';
import { blockForTerminal, forTerminal } from '../domain/text.ts';
import { fileLines, filesAsJson } from '../terminal/attached.ts';
import { namesLine } from '../terminal/mailHead.ts';
import { cell } from '../terminal/output.ts';
import { talkWarnings } from './config.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';

export function previewCommand(use: Use): Command {
  return command('preview', 'Show whole mails of a campaign, and what they cost, before anything is stored or sent.', [
    'preview hello --limit 3',
    'preview hello --json',
  ])
    .argument('[campaign]', 'campaign (default: the only one there is)')
    .addOption(new Option('--limit <n>', 'for this many leads').argParser(wholeNumber('a number above 0')).default(3))
    .action(use(preview));
}

async function preview(context: Context, name: string | undefined, options: { limit: number }): Promise<number> {
  const { output, env } = context;
  const app = await context.app();
  const { chooseCampaign } = await import('../config/campaignFolder.ts');
  const { openPreview } = await import('../app/preview.ts');
  const { previewMails } = await import('../pipeline/previewMails.ts');
  const { authorOf } = await import('../store/generations.ts');
  const campaign = app.campaigns.load(chooseCampaign(app.workspace, name));
  const store = await app.openStore();
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const previews = await previewMails(await openPreview(app, store, env, campaign.generator, stop.signal), campaign, options.limit);
    if (previews.length === 0) {
      throw new OutreachError('not_found', `no lead of campaign ${campaign.name} waits for a mail`, {
        hint: `Import some: outreach import leads.csv --campaign ${campaign.name}`,
      });
    }
    await warn(context, app, campaign);
    let total = 0;
    for (const { messageId, email, draft, reason, given } of previews) {
      const author = campaign.generator === 'ai' ? await authorOf(store.db, messageId) : undefined;
      const attached = draft?.mail.parts().attachments ?? [];
      total += author?.costNano ?? 0;
      output.object({
        email,
        subject: draft?.subject ?? null,
        text: draft?.text ?? null,
        html: draft?.html ?? null,
        attachments: filesAsJson(attached),
        reason,
        given_to_model: given?.sent ?? null,
        kept_from_model: given?.withheld ?? null,
        model: author?.model ?? null,
        cost_usd: author === undefined || author.costNano === null ? null : author.costNano / NANO_PER_USD,
      });
      const by =
        author === undefined ? '' : `   ${author.model}, ${author.costNano === null ? 'price unknown' : formatUsd(author.costNano)}`;
      output.line(`${output.colour.bold(`To ${cell(email)}`)}${output.colour.dim(by)}`);
      if (given !== undefined) output.line(output.colour.dim(`  ${givenLine(given)}`));
      if (draft === undefined) output.line(`  ${output.colour.yellow(cell(reason, 300))}\n`);
      else
        output.line(
          `  ${namesLine(draft.mail.parts())}\n  Subject: ${forTerminal(draft.subject)}\n\n${blockForTerminal(draft.text)
            .trimEnd()
            .replace(/^(?=.)/gm, '  ')}\n${fileLines(attached)
            .map((line) => `${line}\n`)
            .join('')}`,
        );
    }
    const written = previews.some(({ draft }) => draft !== undefined);
    if (campaign.generator === 'ai' && written)
      output.line(`Cost of these: ${formatUsd(total)}. They are used as they are unless the brief or the lead changes.`);
    const go = campaign.generator === 'ai' ? `outreach estimate ${campaign.name}` : `outreach test ${campaign.name} --to YOUR-ADDRESS`;
    output.line(`Next: ${written ? `${go}    (or edit ${campaign.path} first)` : 'outreach doctor'}`);
    const stopped = previews.find((one) => one.stopped !== undefined)?.stopped;
    if (stop.signal.aborted) return 130;
    return stopped === 'budget' ? 4 : stopped === undefined ? 0 : 1;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** What of the lead has left this machine, and what has not. */
function givenLine({ sent, withheld }: LeadData): string {
  const names = (columns: readonly string[]) => (columns.length === 0 ? 'nothing' : cell(columns.join(', '), 300));
  return `The model is given: ${names(sent)}${withheld.length === 0 ? '' : `; not: ${names(withheld)}`}`;
}

/** Of the whole campaign, beside the mails of a few leads. */
async function warn(context: Context, app: App, campaign: Campaign): Promise<void> {
  const { importedLeads, warningsFor } = await import('../app/checkedLeads.ts');
  const leads = await importedLeads((await app.openStore()).db, campaign);
  if (leads !== undefined) talkWarnings(context, warningsFor(campaign, leads, 'required'));
}
