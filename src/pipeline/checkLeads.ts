import { readLead } from '../csv/leads.ts';
import type { CsvRow } from '../csv/readRows.ts';
import { EmptyCells } from '../domain/emptyCells.ts';
import { type LeadFields, sameFields } from '../domain/lead.ts';
import { findCampaign } from '../store/campaigns.ts';
import { EMPTY_TALLY, finishedImport, type ImportTally } from '../store/imports.ts';
import { findProspect } from '../store/prospects.ts';
import { unwrittenMessage } from '../store/reimport.ts';
import type { Db } from '../store/schema.ts';
import { anyForgotten, suppressionOf } from '../store/suppressions.ts';
import { refusedIn } from './heldRejects.ts';
import { type Counting, countingFrom, countLead, countUndone } from './importCounts.ts';
import { continuedImport, type ImportDependencies, type ImportRequest } from './importLeads.ts';
import { fieldsAfter, isForMail, type Lead, type LeadEnd, LISTED } from './takeLead.ts';

export interface Rehearsal {
  readonly tally: ImportTally;
  /** As in `Imported`. */
  readonly cells: EmptyCells;
  /** The job that has taken a part of this very file already: an import would continue it. */
  readonly unfinished: { readonly job: number; readonly rows: number } | undefined;
  /** The first rejects, as a person needs them. */
  readonly rejects: readonly { readonly line: number; readonly reason: string }[];
  /** The job of the same file, when none of its rows would change anything now. */
  readonly repeats: Repeated | undefined;
}

export interface Repeated {
  readonly job: number;
  readonly importedAt: number;
  /** Absolute path, or null when every row was good. */
  readonly rejects: string | null;
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
  const tally = countingFrom(EMPTY_TALLY);
  const cells = new EmptyCells(request.counted ?? []);
  const rejects: { line: number; reason: string }[] = [];
  const hashed = db !== undefined && (await anyForgotten(db));
  const look = { db, campaignId: campaign?.id, request, forgottenKey: hashed ? forgottenKey : undefined, seen: new Map<string, Seen>() };
  let changes = 0;
  for await (const row of request.file.rows()) {
    tally.rows++;
    const lead = readLead(row, request.columns, request.file.delimiter);
    if (lead.kind === 'reject') {
      tally.invalid++;
      if (await holdsRefused(row, look, tally)) changes++;
      if (rejects.length < SHOWN_REJECTS) rejects.push({ line: row.line, reason: lead.reason });
      continue;
    }
    const { end, changed } = await endOf(lead, look);
    countLead(tally, end, row.line);
    if (isForMail(end)) cells.look(lead.fields);
    if (changed) changes++;
  }
  const unfinished = begun && { job: begun.job_id, rows: begun.rows };
  const repeats = changes > 0 || unfinished !== undefined ? undefined : await earlierImport(db, request);
  return { tally, cells, rejects, unfinished, repeats };
}

/** The import of the same file into the same campaign that is complete; undefined when it is new, or its job was cancelled. */
export async function earlierImport(db: Db | undefined, { campaign, file }: ImportRequest): Promise<Repeated | undefined> {
  const known = db === undefined ? undefined : await findCampaign(db, campaign.name);
  const before = db === undefined || known === undefined ? undefined : await finishedImport(db, known.id, file.fingerprint);
  if (before === undefined) return undefined;
  return { job: before.job_id, importedAt: before.imported_at ?? 0, rejects: before.invalid > 0 ? before.rejects_path : null };
}

interface Look {
  readonly db: Db | undefined;
  readonly campaignId: number | undefined;
  readonly request: ImportRequest;
  /** Given when somebody was forgotten. */
  readonly forgottenKey: ImportDependencies['forgottenKey'] | undefined;
  /** The addresses of the rows before. */
  readonly seen: Map<string, Seen>;
}

interface Seen {
  readonly suppressed: boolean;
  /** Stored by a row of this file, and for mail. */
  readonly brought: boolean;
  /** The import has done something about them: it notes who brought a lead or changed it, not who left it alone. */
  readonly noted: boolean;
}

/** What `takeLead` would make of it, with the rows before this one in mind. */
async function endOf(lead: Lead, look: Look): Promise<{ end: LeadEnd; changed: boolean }> {
  const { db, campaignId, request, seen } = look;
  const key = await keyIn(look, lead.address.key);
  const before = seen.get(key);
  const repeated = before?.noted === true;
  const mark = key === lead.address.key ? request.consent.markOf(lead.row) : undefined;
  const listed = before?.suppressed === true || (db !== undefined && (await suppressionOf(db, key)) !== undefined);
  const known = db === undefined || campaignId === undefined ? undefined : await findProspect(db, campaignId, key);
  const reimported = known !== undefined && !listed && db !== undefined && (await unwrittenMessage(db, campaignId ?? 0, key)) !== undefined;
  const noted = repeated || mark !== undefined || known === undefined || reimported || request.update;
  const isNew = !listed && mark === undefined && !repeated && (known === undefined || reimported);
  seen.set(key, { suppressed: listed || mark !== undefined, noted, brought: isNew || before?.brought === true });
  if (repeated && (mark === undefined || listed)) return { end: { end: 'duplicates', repeated }, changed: false };
  if (mark !== undefined && before?.brought === true) return { end: { end: 'duplicates', undone: mark.refusal, repeated }, changed: true };
  if (mark !== undefined)
    return {
      end: { end: 'suppressed', by: mark.refusal, withdrawn: known !== undefined || repeated, repeated },
      changed: !listed || !known,
    };
  if (known === undefined) return { end: listed ? { end: 'suppressed', by: LISTED } : { end: 'imported' }, changed: true };
  if (reimported) return { end: { end: 'reimported' }, changed: true };
  if (!request.update) return { end: { end: 'duplicates' }, changed: false };
  const fields = JSON.parse(known.fields) as LeadFields;
  const updated = key === lead.address.key && !sameFields(fields, fieldsAfter(request, fields, lead));
  const { source, basis } = request.origin;
  const moved = (source !== null && source !== known.source) || (basis !== null && basis !== known.basis);
  return { end: { end: updated ? 'updated' : 'duplicates' }, changed: updated || moved };
}

/** What `holdRefused` would do; whether it changes anything. */
async function holdsRefused(row: CsvRow, look: Look, tally: Counting): Promise<boolean> {
  const { db, seen, request } = look;
  let changed = false;
  for (const { key, refusal } of refusedIn(row, request)) {
    const before = seen.get(key);
    const forgotten = (await keyIn(look, key)) !== key;
    if (forgotten || before?.suppressed === true || (db !== undefined && (await suppressionOf(db, key)) !== undefined)) continue;
    changed = true;
    if (before?.brought === true) countUndone(tally, refusal);
    seen.set(key, { suppressed: true, noted: before?.noted === true, brought: before?.brought === true });
  }
  return changed;
}

/** What the lead's row would be known by: the address, or the hash of a person who was forgotten. */
async function keyIn({ db, forgottenKey }: Look, key: string): Promise<string> {
  if (db === undefined || forgottenKey === undefined) return key;
  const hash = forgottenKey(key);
  return (await suppressionOf(db, hash)) === undefined ? key : hash;
}
