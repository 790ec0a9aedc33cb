import { closeSync, fdatasyncSync, ftruncateSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { FileChanged } from '../csv/blocks.ts';
import type { ColumnFields } from '../csv/columns.ts';
import type { Consent } from '../csv/consent.ts';
import { readLead } from '../csv/leads.ts';
import type { CsvFile, CsvRow } from '../csv/readRows.ts';
import { rejectsHeader, rejectsLine } from '../csv/rejects.ts';
import { parseAddress } from '../domain/address.ts';
import type { Campaign } from '../domain/campaign.ts';
import { EmptyCells } from '../domain/emptyCells.ts';
import { OutreachError } from '../domain/errors.ts';
import type { Origin } from '../domain/lead.ts';
import { reached } from '../domain/milestone.ts';
import { createFile, makeFolder, openInPlace } from '../files/ownFiles.ts';
import { ensureCampaign } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import {
  advanceImport,
  createImport,
  finishImport,
  type ImportTally,
  otherUnfinishedImport,
  tallyOf,
  unfinishedImport,
} from '../store/imports.ts';
import { cancelJob, completeImport, createJob } from '../store/jobs.ts';
import type { Db, ImportRow, Tx } from '../store/schema.ts';
import { anyForgotten, suppressionOf } from '../store/suppressions.ts';
import { holdRefused } from './heldRejects.ts';
import { countingFrom, countLead, countUndone } from './importCounts.ts';
import { dropImport } from './steerJob.ts';
import { isForMail, takeLead } from './takeLead.ts';

export interface ImportRequest {
  readonly file: CsvFile;
  readonly columns: ColumnFields;
  readonly campaign: Campaign;
  readonly send: Campaign['send'];
  /** Leads that the campaign has already get what the file says of them; what it does not say stays. */
  readonly update: boolean;
  /** With `update`: what the file does not say goes. */
  readonly replace?: boolean;
  /** Who may be mailed, as the file says it. */
  readonly consent: Consent;
  /** Columns that name consent and are not read for it. */
  readonly ignored?: readonly string[];
  /** Columns of which a person has said how the cells count that are not understood. */
  readonly settled?: Readonly<Record<string, string>>;
  readonly origin: Origin;
  /** Variables whose empty cells are counted. */
  readonly counted?: readonly string[];
  /** Where the rejects of a job go; absolute. */
  rejectsPath(jobId: number): string;
}

export interface ImportDependencies {
  readonly store: Store;
  readonly now: () => number;
  readonly stop: AbortSignal;
  /** The file is accepted and stands in the database; `resumedAt` is the number of rows already done. */
  accepted(jobId: number, resumedAt: number): void;
  progress(bytesRead: number, tally: ImportTally): void;
  sleep(ms: number): Promise<void>;
  /** The hash that a forgotten person is known by; asked only when somebody was forgotten. */
  forgottenKey(emailKey: string): string;
  /** True while a worker runs that wants the database too. */
  besideWorker(): Promise<boolean>;
}

export interface Imported {
  readonly job: number;
  readonly tally: ImportTally;
  /** Of all leads of the file, whatever became of them, but for those whose row speaks against mail. */
  readonly cells: EmptyCells;
  /** Absolute path, or null when every row was good. */
  readonly rejects: string | null;
}

/**
 * A commit never holds the database longer than this, nor takes more rows, and beside a worker it
 * pauses between two: the worker gets its turn within 100 ms.
 */
const LONGEST_COMMIT_MS = 30;
const MOST_ROWS = 5_000;
/** Where the machine has much else to do, a commit of one row each would take longer than all the rows. */
const FEWEST_ROWS = 20;
const PAUSE_MS = 10;

/** Takes a file into the database as one job, in batches that can be killed anywhere and continued by the same command. */
export async function importLeads(deps: ImportDependencies, request: ImportRequest): Promise<Imported> {
  const started = await beginImport(deps, request);
  reached('import.job_created');
  deps.accepted(started.job_id, started.rows);
  try {
    const { tally, cells } = await takeRows(deps, request, started);
    reached('import.before_completion');
    await deps.store.write(async (tx) => {
      if (!(await completeImport(tx, started.job_id, deps.now()))) throw cancelledMeanwhile(started.job_id);
      await finishImport(tx, started.job_id, deps.now());
    });
    reached('import.completed');
    return { job: started.job_id, tally, cells, rejects: tally.invalid > 0 ? started.rejects_path : null };
  } catch (error) {
    if (error instanceof FileChanged) throw changedMeanwhile(request.file.name, started.job_id);
    if (error instanceof OutreachError && error.code === 'input') await undo(deps, started.job_id);
    throw error;
  }
}

/** A file that cannot be read to its end leaves nothing behind: mended, it is another file and starts anew. */
async function undo(deps: ImportDependencies, jobId: number): Promise<void> {
  await deps.store.write((tx) => cancelJob(tx, jobId, deps.now()));
  await dropImport(deps.store, jobId, deps.now);
}

function beginImport(deps: ImportDependencies, request: ImportRequest): Promise<ImportRow> {
  const { file, campaign, send } = request;
  return deps.store.write(async (tx) => {
    const now = deps.now();
    const { id: campaignId } = await ensureCampaign(tx, campaign.name, campaign.contentHash, now);
    const unfinished = await continuedImport(tx, campaignId, request);
    if (unfinished !== undefined) return unfinished;
    const jobId = await createJob(tx, { campaignId, source: file.name, mode: send.mode, rate: send.rate, scheduledFor: send.at, now });
    const settings = settingsOf(request);
    await createImport(tx, { jobId, campaignId, fingerprint: file.fingerprint, settings, rejectsPath: request.rejectsPath(jobId) });
    const created = await unfinishedImport(tx, campaignId, file.fingerprint);
    if (created === undefined) throw new Error(`import of job ${jobId} was not stored`);
    return created;
  });
}

/** The import that this one continues; undefined when it is new. Throws when a half import stands in its way. */
export async function continuedImport(db: Db, campaignId: number, request: ImportRequest): Promise<ImportRow | undefined> {
  const { file, campaign } = request;
  const unfinished = await unfinishedImport(db, campaignId, file.fingerprint);
  if (unfinished !== undefined) {
    if (unfinished.settings === settingsOf(request)) return unfinished;
    throw new OutreachError('input', `${file.name} is half imported with other options (job ${unfinished.job_id})`, {
      hint: `Repeat the first command to continue, or drop it: outreach cancel ${unfinished.job_id}`,
    });
  }
  const other = await otherUnfinishedImport(db, campaignId, file.fingerprint);
  if (other === undefined) return undefined;
  const half = `job ${other.job_id} (${other.source}) is half imported into campaign ${campaign.name}`;
  if (other.source === file.name)
    throw new OutreachError('input', `${half} from another version of this file, and may hold the same leads`, {
      hint: `Drop it and import this version: outreach cancel ${other.job_id}    or put that version back, and its own command continues.`,
    });
  throw new OutreachError('input', `${half}, and may hold the same leads`, {
    hint: `Continue it with its own command, or drop it: outreach cancel ${other.job_id}`,
  });
}

/** What a half import was begun with: another mapping or pace would make another job of it. */
function settingsOf({ send, columns, update, replace, ignored = [], settled = {}, file, origin }: ImportRequest): string {
  const said = { source: origin.source ?? undefined, basis: origin.basis ?? undefined };
  const asked = { replace: replace === true ? replace : undefined, ignored: ignored.length === 0 ? undefined : [...ignored].sort() };
  const answered = Object.keys(settled).length === 0 ? {} : { settled };
  return JSON.stringify({ send, columns, update, delimiter: file.delimiter, ...said, ...asked, ...answered });
}

async function takeRows(deps: ImportDependencies, request: ImportRequest, started: ImportRow): Promise<Taken> {
  const cells = new EmptyCells(request.counted ?? []);
  let tally: ImportTally = tallyOf(started);
  let bytesRead = 0;
  let skipped = 0;
  let waiting: CsvRow[] = [];
  const flush = async (least: number) => {
    while (waiting.length > least) {
      if (deps.stop.aborted)
        throw new OutreachError(
          'interrupted',
          `stopped after ${tally.rows} rows; nothing of job ${started.job_id} is sent before it is complete`,
          { hint: 'The same command continues.' },
        );
      const batch = await takeBatch(deps, request, started, { tally, cells }, waiting);
      waiting = waiting.slice(batch.tally.rows - tally.rows);
      tally = batch.tally;
      cells.add(batch.cells);
      reached('import.batch_committed');
      deps.progress(bytesRead, tally);
      if (await deps.besideWorker()) await deps.sleep(PAUSE_MS);
    }
  };
  for await (const row of request.file.rows((bytes) => (bytesRead += bytes))) {
    if (skipped < started.rows && cells.wanted) countTaken(cells, request, row);
    if (skipped < started.rows) skipped++;
    else waiting.push(row);
    if (waiting.length >= MOST_ROWS) await flush(MOST_ROWS - 1);
  }
  await flush(0);
  return { tally, cells };
}

/** A row that an earlier run has taken. */
function countTaken(cells: EmptyCells, { columns, consent, file }: ImportRequest, row: CsvRow): void {
  const lead = readLead(row, columns, file.delimiter);
  if (lead.kind === 'lead' && consent.markOf(row) === undefined) cells.look(lead.fields);
}

interface Taken {
  readonly tally: ImportTally;
  readonly cells: EmptyCells;
}

/** One commit: as many of the waiting rows as fit into its time, with their rejects and the tally. */
function takeBatch(
  deps: ImportDependencies,
  request: ImportRequest,
  started: ImportRow,
  { tally: before, cells: all }: Taken,
  rows: readonly CsvRow[],
): Promise<Taken> {
  return deps.store.write(async (tx) => {
    const cells = all.afresh();
    const counts = countingFrom(before);
    const keyOf = (await anyForgotten(tx)) ? deps.forgottenKey : undefined;
    let rejects = '';
    const over = performance.now() + LONGEST_COMMIT_MS;
    for (const row of rows.slice(0, MOST_ROWS)) {
      const lead = readLead(row, request.columns, request.file.delimiter);
      counts.rows++;
      if (lead.kind === 'reject') {
        counts.invalid++;
        for (const refusal of await holdRefused(tx, request, started, row, { keyOf, now: deps.now() })) countUndone(counts, refusal);
        const [shown, reason] = (await namesForgotten(tx, row, keyOf))
          ? [{ ...row, cells: [] }, 'names a person who was forgotten']
          : [row, lead.reason];
        rejects += rejectsLine(request.file.header, shown, reason, request.file.delimiter);
      } else {
        const end = await takeLead(tx, request, started, lead, keyOf, deps.now());
        countLead(counts, end, row.line);
        if (isForMail(end)) cells.look(lead.fields);
      }
      if (counts.rows - before.rows >= FEWEST_ROWS && performance.now() > over) break;
    }
    const text = Buffer.from(
      rejects === '' ? '' : (before.rejects_bytes === 0 ? rejectsHeader(request.file.header, request.file.delimiter) : '') + rejects,
    );
    counts.rejects_bytes += text.length;
    if (!(await advanceImport(tx, started.job_id, before.rows, counts))) throw cancelledMeanwhile(started.job_id);
    if (text.length > 0) appendRejects(started.rejects_path, before.rejects_bytes, text);
    reached('import.batch_open');
    return { tally: counts, cells };
  });
}

async function namesForgotten(tx: Tx, { cells }: CsvRow, keyOf: ImportDependencies['forgottenKey'] | undefined): Promise<boolean> {
  if (keyOf === undefined) return false;
  for (const cell of cells) {
    const check = parseAddress(cell);
    if (check.ok && (await suppressionOf(tx, keyOf(check.address.key))) !== undefined) return true;
  }
  return false;
}

/** Synced before the commit that counts it. What an undone batch left behind the tally's length is cut off first. */
function appendRejects(path: string, length: number, text: Buffer): void {
  makeFolder(dirname(path));
  // What a killed import left under that name counts for nothing yet.
  if (length === 0) rmSync(path, { force: true });
  const descriptor = length === 0 ? createFile(path) : openInPlace(path);
  try {
    ftruncateSync(descriptor, length);
    writeSync(descriptor, text, 0, text.length, length);
    fdatasyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What was taken is of the first version, row by row; the next run of the same command can tell them apart. */
function changedMeanwhile(file: string, jobId: number): OutreachError {
  return new OutreachError('refused', `${file} changed while it was read: job ${jobId} is not complete, and nothing of it is sent`, {
    hint: `Drop what was taken (outreach cancel ${jobId}) and import the file as it is now; or put the first version back, and the same command continues.`,
  });
}

function cancelledMeanwhile(jobId: number): OutreachError {
  return new OutreachError('refused', `job ${jobId} was cancelled, or is imported by another process`, {
    hint: `See: outreach jobs ${jobId}`,
  });
}
