import { readLead } from '../csv/leads.ts';
import { findCampaign } from '../store/campaigns.ts';
import type { ImportTally } from '../store/imports.ts';
import { findProspect } from '../store/prospects.ts';
import { unwrittenMessage } from '../store/reimport.ts';
import type { Db } from '../store/schema.ts';
import { anyForgotten, suppressionOf } from '../store/suppressions.ts';
import { continuedImport, type ImportDependencies, type ImportRequest } from './importLeads.ts';

export interface Rehearsal {
  readonly tally: ImportTally;
  /** The job that has taken a part of this very file already: an import would continue it. */
  readonly unfinished: { readonly job: number; readonly rows: number } | undefined;
  /** The first rejects, as a person needs them. */
  readonly rejects: readonly { readonly line: number; readonly reason: string }[];
}

const SHOWN_REJECTS = 10;

/** `import --dry-run`: counts what an import would do and stores nothing. Without a database every lead is new. Throws what an import would throw before its first row. */
export async function checkLeads(
  db: Db | undefined,
  request: ImportRequest,
  forgottenKey: ImportDependencies['forgottenKey'],
): Promise<Rehearsal> {
  const campaign = db === undefined ? undefined : await findCampaign(db, request.campaign.name);
  const begun = db === undefined || campaign === undefined ? undefined : await continuedImport(db, campaign.id, request);
  const tally = { rows: 0, imported: 0, reimported: 0, updated: 0, duplicates: 0, invalid: 0, suppressed: 0, rejects_bytes: 0 };
  const rejects: { line: number; reason: string }[] = [];
  const hashed = db !== undefined && (await anyForgotten(db));
  const seen = new Set<string>();
  for await (const row of request.file.rows()) {
    tally.rows++;
    const lead = readLead(row, request.columns);
    if (lead.kind === 'reject') {
      tally.invalid++;
      if (rejects.length < SHOWN_REJECTS) rejects.push({ line: row.line, reason: lead.reason });
      continue;
    }
    const key = await keyIn(hashed ? db : undefined, lead.address.key, forgottenKey);
    const known = db === undefined || campaign === undefined ? undefined : await findProspect(db, campaign.id, key);
    if (seen.has(key)) tally.duplicates++;
    else if (known !== undefined && (await isReimported(db, campaign?.id, key))) {
      tally.imported++;
      tally.reimported++;
    } else if (known !== undefined)
      tally[request.update && key === lead.address.key && known.fields !== JSON.stringify(lead.fields) ? 'updated' : 'duplicates']++;
    else if (db !== undefined && (await suppressionOf(db, key)) !== undefined) tally.suppressed++;
    else tally.imported++;
    seen.add(key);
  }
  return { tally, rejects, unfinished: begun && { job: begun.job_id, rows: begun.rows } };
}

async function isReimported(db: Db | undefined, campaignId: number | undefined, key: string): Promise<boolean> {
  if (db === undefined || campaignId === undefined || (await suppressionOf(db, key)) !== undefined) return false;
  return (await unwrittenMessage(db, campaignId, key)) !== undefined;
}

/** What the lead's row would be known by: the address, or the hash of a person who was forgotten. */
async function keyIn(db: Db | undefined, key: string, forgottenKey: ImportDependencies['forgottenKey']): Promise<string> {
  if (db === undefined) return key;
  const hash = forgottenKey(key);
  return (await suppressionOf(db, hash)) === undefined ? key : hash;
}
