import type { Db, ImportRow, Tx } from './schema.ts';

/** What a run has done with the file so far; written in the same transaction as the rows themselves. */
export interface ImportTally {
  readonly rows: number;
  readonly imported: number;
  /** Of the imported: leads of a cancelled job that nobody had written to. */
  readonly reimported: number;
  readonly updated: number;
  readonly duplicates: number;
  readonly invalid: number;
  readonly suppressed: number;
  /** How many of them for which reason. */
  readonly suppressed_by: Readonly<Record<string, number>>;
  /** Of the suppressed: leads whose message was there before their row was read. */
  readonly withdrawn: number;
  /** Rows whose address an earlier row of the file had: that one counts. */
  readonly repeated: number;
  /** The lines of the first of them. */
  readonly repeated_lines: readonly number[];
  /** Length of the rejects file that belongs to this tally; anything after it is from an undone batch. */
  readonly rejects_bytes: number;
}

export const EMPTY_TALLY: ImportTally = {
  rows: 0,
  imported: 0,
  reimported: 0,
  updated: 0,
  duplicates: 0,
  invalid: 0,
  suppressed: 0,
  suppressed_by: {},
  withdrawn: 0,
  repeated: 0,
  repeated_lines: [],
  rejects_bytes: 0,
};

export function tallyOf(row: ImportRow): ImportTally {
  const { rows, imported, reimported, updated, duplicates, invalid, suppressed, withdrawn, repeated, rejects_bytes } = row;
  const counts = { rows, imported, reimported, updated, duplicates, invalid, suppressed, withdrawn, repeated, rejects_bytes };
  return { ...counts, suppressed_by: JSON.parse(row.suppressed_by), repeated_lines: JSON.parse(row.repeated_lines) };
}

export async function createImport(
  tx: Tx,
  start: { jobId: number; campaignId: number; fingerprint: string; settings: string; rejectsPath: string },
): Promise<void> {
  await tx
    .insertInto('imports')
    .values({
      job_id: start.jobId,
      campaign_id: start.campaignId,
      fingerprint: start.fingerprint,
      settings: start.settings,
      rejects_path: start.rejectsPath,
      finished_at: null,
    })
    .execute();
}

/** The same file into the same campaign, begun and not finished. */
export function unfinishedImport(db: Db, campaignId: number, fingerprint: string): Promise<ImportRow | undefined> {
  return db
    .selectFrom('imports')
    .selectAll()
    .where('campaign_id', '=', campaignId)
    .where('fingerprint', '=', fingerprint)
    .where('finished_at', 'is', null)
    .executeTakeFirst();
}

/** The last import of the same file into the same campaign that is complete, and whose job was not cancelled. */
export async function finishedImport(
  db: Db,
  campaignId: number,
  fingerprint: string,
): Promise<{ job_id: number; invalid: number; rejects_path: string; imported_at: number | null } | undefined> {
  return db
    .selectFrom('imports')
    .innerJoin('jobs', 'jobs.id', 'imports.job_id')
    .select(['imports.job_id', 'imports.invalid', 'imports.rejects_path', 'jobs.imported_at'])
    .where('imports.campaign_id', '=', campaignId)
    .where('imports.fingerprint', '=', fingerprint)
    .where('jobs.imported_at', 'is not', null)
    .where('jobs.cancelled_at', 'is', null)
    .orderBy('imports.job_id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The fields that the files of a campaign fill, whether a lead has them or not. */
export async function importedColumns(db: Db, campaignId: number): Promise<string[]> {
  const imports = await db
    .selectFrom('imports')
    .innerJoin('jobs', 'jobs.id', 'imports.job_id')
    .select('imports.settings')
    .distinct()
    .where('imports.campaign_id', '=', campaignId)
    .where('jobs.cancelled_at', 'is', null)
    .execute();
  const columns = imports.flatMap(({ settings }) => (JSON.parse(settings) as { columns?: (string | null)[] }).columns ?? []);
  return [...new Set(columns.filter((field) => field !== null))];
}

/** Another file's import into this campaign that is not complete: it may hold leads of the next file. */
export async function otherUnfinishedImport(
  db: Db,
  campaignId: number,
  fingerprint: string,
): Promise<{ job_id: number; source: string } | undefined> {
  return db
    .selectFrom('imports')
    .innerJoin('jobs', 'jobs.id', 'imports.job_id')
    .select(['imports.job_id', 'jobs.source'])
    .where('imports.campaign_id', '=', campaignId)
    .where('imports.fingerprint', '<>', fingerprint)
    .where('imports.finished_at', 'is', null)
    .executeTakeFirst();
}

/** False when another process has taken the import further, or its job was cancelled. */
export async function advanceImport(tx: Tx, jobId: number, fromRow: number, tally: ImportTally): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('imports')
    .set({ ...tally, suppressed_by: JSON.stringify(tally.suppressed_by), repeated_lines: JSON.stringify(tally.repeated_lines) })
    .where('job_id', '=', jobId)
    .where('rows', '=', fromRow)
    .where('finished_at', 'is', null)
    .where('job_id', 'in', (query) => query.selectFrom('jobs').select('id').where('id', '=', jobId).where('cancelled_at', 'is', null))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function finishImport(tx: Tx, jobId: number, now: number): Promise<void> {
  await tx.updateTable('imports').set({ finished_at: now }).where('job_id', '=', jobId).execute();
}
