import type { CsvFile } from '../csv/readRows.ts';
import { suppressedRows } from '../csv/suppressed.ts';
import { OutreachError } from '../domain/errors.ts';
import { type SuppressDependencies, suppressPeople, type Wish } from './suppressPeople.ts';

export interface SuppressionImport extends SuppressDependencies {
  readonly stop: AbortSignal;
  sleep(ms: number): Promise<void>;
  /** True while a worker runs that wants the database too. */
  besideWorker(): Promise<boolean>;
}

interface SuppressionTally {
  rows: number;
  added: number;
  /** They stood in the list before, or stand twice in the file. */
  known: number;
  forgotten: number;
  invalid: number;
  /** A column of the file says that they may be mailed. */
  spared: number;
  /** Waiting mails that will not be sent. */
  messages: number;
}

export interface ImportedSuppressions {
  readonly tally: Readonly<SuppressionTally>;
  /** The first bad rows, as a person needs them. */
  readonly bad: readonly { readonly line: number; readonly reason: string }[];
}

/** Rows a commit: some 20 ms, so that a worker beside it gets its turn. */
const BATCH = 500;
const PAUSE_MS = 10;
const SHOWN_BAD = 5;

/** Takes a provider's list, in batches. Nothing says how far it came: a second run finds what the first one added. */
export async function importSuppressions(
  deps: SuppressionImport,
  file: CsvFile,
  given: { readonly reason: string | undefined; readonly source: string | undefined },
): Promise<ImportedSuppressions> {
  const rows = await suppressedRows(file);
  if (rows === undefined) {
    throw new OutreachError('input', `${file.name}:1: no column holds addresses; the columns are ${file.header.join(', ')}`, {
      hint: 'Name one of them email; or give a file with one address or domain a line.',
    });
  }
  const tally = { rows: 0, added: 0, known: 0, forgotten: 0, invalid: 0, spared: 0, messages: 0 };
  const bad: { line: number; reason: string }[] = [];
  let wishes: Wish[] = [];
  const flush = async () => {
    if (deps.stop.aborted) {
      throw new OutreachError('interrupted', `stopped after ${tally.rows} rows; what was taken so far is suppressed`, {
        hint: 'Run it again: it goes on where it is needed.',
      });
    }
    const { ends, messages } = await suppressPeople(deps, wishes);
    for (const end of ends) tally[end]++;
    tally.messages += messages;
    wishes = [];
    if (await deps.besideWorker()) await deps.sleep(PAUSE_MS);
  };
  for await (const row of rows) {
    tally.rows++;
    if (row.kind === 'bad') {
      tally.invalid++;
      if (bad.length < SHOWN_BAD) bad.push({ line: row.line, reason: row.reason });
      continue;
    }
    if (row.kind === 'spared') {
      tally.spared++;
      continue;
    }
    wishes.push({ key: row.key, reason: given.reason ?? row.reason ?? 'imported', source: given.source ?? row.source ?? file.name });
    if (wishes.length >= BATCH) await flush();
  }
  if (wishes.length > 0) await flush();
  return { tally, bad };
}
