import { existsSync } from 'node:fs';
import type { App } from '../app/app.ts';
import type { Trouble } from '../config/inspect.ts';
import type { ColumnFields } from '../csv/columns.ts';
import type { CsvFile } from '../csv/readRows.ts';
import type { Campaign } from '../domain/campaign.ts';
import type { EmptyCells } from '../domain/emptyCells.ts';
import { talkWarnings } from './config.ts';
import type { Context } from './context.ts';

/** How a campaign's text fits to a file of leads. */
export interface TemplateCheck {
  /** Variables whose empty cells are worth counting. */
  readonly counted: readonly string[];
  /** What is probably a slip, said already. */
  readonly warnings: readonly Trouble[];
}

/** A template that prints what no lead can have is refused before the first row; what is probably a slip is said. */
export async function checkTemplates(
  context: Context,
  app: App,
  campaign: Campaign,
  file: CsvFile,
  fields: ColumnFields,
  merges: boolean,
): Promise<TemplateCheck> {
  const { titlesOf } = await import('../csv/columns.ts');
  const { columnWarnings, knownNames, printedVariables, templatesOf } = await import('../domain/templateWarnings.ts');
  const { checkVariables } = await import('../domain/unknownVariables.ts');
  const { asTrouble } = await import('../app/checkedLeads.ts');
  const own = fields.filter((field) => field !== null);
  // What the file lacks stays as it is stored.
  const names = merges ? [...new Set([...own, ...(await storedColumns(app, campaign))])] : own;
  for (const { required } of templatesOf(campaign)) checkVariables(required, knownNames(campaign, names), campaign.path);
  const columns = { names, titles: titlesOf(file.header, fields) };
  const warnings = columnWarnings(campaign, columns, 'default only').map((warning) => asTrouble(campaign, warning));
  talkWarnings(context, warnings);
  return { counted: printedVariables(campaign, own), warnings };
}

/** What the counted rows add. */
export async function warnOfEmptyCells(context: Context, campaign: Campaign, cells: EmptyCells): Promise<Trouble[]> {
  const { emptyWarnings } = await import('../domain/templateWarnings.ts');
  const { asTrouble } = await import('../app/checkedLeads.ts');
  const warnings = emptyWarnings(campaign, cells, true).map((warning) => asTrouble(campaign, warning));
  talkWarnings(context, warnings);
  return warnings;
}

async function storedColumns(app: App, { name }: Campaign): Promise<string[]> {
  if (!existsSync(app.config.database)) return [];
  const { findCampaign } = await import('../store/campaigns.ts');
  const { importedColumns } = await import('../store/imports.ts');
  const { db } = await app.openStore();
  const known = await findCampaign(db, name);
  return known === undefined ? [] : importedColumns(db, known.id);
}
