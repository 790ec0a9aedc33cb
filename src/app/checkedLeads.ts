import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Trouble } from '../config/inspect.ts';
import { mapColumns, titlesOf } from '../csv/columns.ts';
import { readLead } from '../csv/leads.ts';
import { openCsv } from '../csv/readRows.ts';
import { columnsWithAddresses, firstRows } from '../csv/sample.ts';
import type { Campaign } from '../domain/campaign.ts';
import { EmptyCells } from '../domain/emptyCells.ts';
import { OutreachError } from '../domain/errors.ts';
import { type LeadFields, withoutInvisibleText } from '../domain/lead.ts';
import { inOrder } from '../domain/places.ts';
import {
  type Columns,
  columnWarnings,
  emptyWarnings,
  NO_LEADS,
  printedVariables,
  type TemplateWarning,
} from '../domain/templateWarnings.ts';
import { fieldsOf } from '../pipeline/draftMessage.ts';
import { INVENTED_LEAD } from '../pipeline/testMail.ts';
import { findCampaign } from '../store/campaigns.ts';
import { importedColumns } from '../store/imports.ts';
import { sampleLeads, someFields } from '../store/prospects.ts';
import type { Db } from '../store/schema.ts';
import type { App } from './app.ts';

/** Leads that a campaign's text is held against. */
export interface CheckedLeads {
  /** For a person: where they are from. */
  readonly from: string;
  /** Of the CSV; null for those that are imported or invented. */
  readonly path: string | null;
  readonly columns: Columns;
  /** Some of them, to write mails for. */
  readonly leads: readonly LeadFields[];
  readonly cells: EmptyCells;
  /** False where there are more leads than were counted. */
  readonly all: boolean;
}

/** Leads that mails are tried on; what the first ones lack, others will too. */
const TRIED = 50;
/** Leads whose cells are counted. */
const COUNTED = 10_000;

/** Those of `csv`, the imported ones, those of the workspace's leads.csv, or an invented one. */
export async function leadsToCheck(app: App, campaign: Campaign, csv?: string): Promise<CheckedLeads> {
  if (csv !== undefined) return fromFile(campaign, csv);
  const imported = existsSync(app.config.database) ? await importedLeads((await app.openStore()).db, campaign) : undefined;
  if (imported !== undefined) return imported;
  const sample = join(app.workspace.root, 'leads.csv');
  if (existsSync(sample)) return fromFile(campaign, sample);
  return { from: 'an invented lead', path: null, columns: NO_LEADS, leads: [INVENTED_LEAD], cells: new EmptyCells([]), all: true };
}

/** The campaign's leads in the database; undefined when it has none. */
export async function importedLeads(db: Db, campaign: Campaign): Promise<CheckedLeads | undefined> {
  const known = await findCampaign(db, campaign.name);
  const tried = known === undefined ? [] : await sampleLeads(db, known.id, TRIED);
  if (known === undefined || tried.length === 0) return undefined;
  const leads = tried.map(fieldsOf);
  // A column whose cells are mostly empty may stand in none of them.
  const names = [...new Set([...leads.flatMap((lead) => Object.keys(lead)), ...(await importedColumns(db, known.id))])];
  const cells = new EmptyCells(printedVariables(campaign, names));
  const counted = cells.wanted ? await someFields(db, known.id, COUNTED + 1) : [];
  for (const { fields } of counted.slice(0, COUNTED)) cells.look(JSON.parse(fields) as LeadFields);
  const columns = { names, titles: new Map() };
  return { from: 'the imported leads', path: null, columns, leads, cells, all: counted.length <= COUNTED };
}

async function fromFile(campaign: Campaign, path: string): Promise<CheckedLeads> {
  const file = await openCsv(path, basename(path));
  const rows = await firstRows(file);
  const fields = mapColumns(file.header, new Map(), file.name, columnsWithAddresses(rows));
  const leads = rows.flatMap((row) => {
    const lead = readLead(row, fields, file.delimiter);
    return lead.kind === 'lead' ? [{ ...withoutInvisibleText(lead.fields), email: lead.address.email }] : [];
  });
  if (leads.length === 0)
    throw new OutreachError('input', `${file.name}: none of its ${rows.length === 1 ? 'rows' : `first ${rows.length} rows`} is a lead`, {
      hint: 'Why, row by row: outreach import FILE --dry-run',
    });
  const names = fields.filter((field) => field !== null);
  const cells = new EmptyCells(printedVariables(campaign, names));
  let all = true;
  for await (const row of cells.wanted ? file.rows() : []) {
    if (cells.leads === COUNTED) {
      all = false;
      break;
    }
    const lead = readLead(row, fields, file.delimiter);
    if (lead.kind === 'lead') cells.look(lead.fields);
  }
  return { from: file.name, path, columns: { names, titles: titlesOf(file.header, fields) }, leads, cells, all };
}

/** What is probably a slip in the campaign's text. `also` as in `columnWarnings`. */
export function warningsFor(campaign: Campaign, { columns, cells, all }: CheckedLeads, also: 'required' | 'default only'): Trouble[] {
  const warnings = [...columnWarnings(campaign, columns, also), ...emptyWarnings(campaign, cells, all)];
  return inOrder(warnings).map((warning) => asTrouble(campaign, warning));
}

export function asTrouble({ path }: Campaign, warning: TemplateWarning): Trouble {
  return { file: path, ...warning, hint: null };
}
