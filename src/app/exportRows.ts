import { OutreachError } from '../domain/errors.ts';
import type { ExportFormat } from '../domain/exportFormat.ts';
import type { MessageState } from '../domain/message.ts';
import { blockForTerminal, didYouMean } from '../domain/text.ts';
import { requireJob } from '../pipeline/steerJob.ts';
import { campaignNames, findCampaign } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import {
  type ExportFilter,
  lastId,
  type MessageExport,
  messageIds,
  messageRows,
  type ProspectExport,
  prospectRows,
} from '../store/exports.ts';
import { entriesOf, type LogEntry } from '../store/log.ts';
import type { Db } from '../store/schema.ts';
import { iso } from '../terminal/output.ts';
import { formOf } from './exportForms.ts';

export interface ExportRequest {
  readonly what: 'messages' | 'prospects' | 'events';
  readonly format: ExportFormat;
  readonly filter: ExportFilter;
  /** Cells of a CSV as they are, though a spreadsheet may take one for a formula. */
  readonly raw: boolean;
  /** It goes to a terminal: nothing may move its cursor. */
  readonly onTerminal: boolean;
}

/** A piece of the export, whole rows of it. */
export interface Piece {
  readonly text: string;
  readonly rows: number;
  /** How far it has come, and how far it will. */
  readonly done: number;
  readonly total: number;
}

/** What a person chose by name and number. A campaign or job that is not there is an error, not an empty export. */
export async function filterOf(
  store: Store,
  { campaign, job, state, since }: { campaign?: string; job?: number; state?: MessageState; since?: number | undefined },
): Promise<ExportFilter> {
  const campaignId = campaign === undefined ? undefined : (await findCampaign(store.db, campaign))?.id;
  if (campaign !== undefined && campaignId === undefined) {
    const near = didYouMean(campaign, await campaignNames(store.db));
    throw new OutreachError(
      'not_found',
      `nobody was imported for a campaign ${campaign}${near === undefined ? '' : `; did you mean ${near}?`}`,
      {
        hint: 'See what there is with: outreach jobs',
      },
    );
  }
  if (job !== undefined) await requireJob(store, job);
  return { campaignId, jobId: job, state, since };
}

type Row = Record<string, unknown>;

/** Small enough that ten thousand characters a mail stay a few megabytes, large enough that a query's start does not count. */
const PAGE = 500;

/**
 * The rows as text, piece by piece in the order of their ids; all that was there when it began. A row is as it was when its page was
 * read: one transaction over all would hold back the write-ahead log for as long as the reader takes.
 */
export async function* exportRows(db: Db, request: ExportRequest): AsyncGenerator<Piece> {
  const { what, format, raw, onTerminal } = request;
  const total = await lastId(db, what === 'prospects' ? 'prospects' : 'messages');
  const names = what === 'prospects' && format === 'csv' ? yield* fieldNames(db, request, total) : [];
  const form = formOf(format, [...COLUMNS[what], ...names.map(fieldColumn)], { raw });
  yield { text: form.head, rows: 0, done: 0, total };
  const known = new Set(names);
  let first = true;
  for await (const { rows, done } of pagesOf(db, request, total)) {
    let text = '';
    for (const row of rows) {
      const flat = format === 'csv' ? withFieldColumns(row, known) : row;
      text += form.row(onTerminal ? (printable(flat) as Row) : flat, first);
      first = false;
    }
    yield { text, rows: rows.length, done, total };
  }
  yield { text: form.foot, rows: 0, done: total, total };
}

async function* pagesOf(db: Db, { what, filter }: ExportRequest, upTo: number): AsyncGenerator<{ rows: Row[]; done: number }> {
  for (let after = 0, more = true; more; ) {
    const { ids, rows } = await PAGES[what](db, filter, { after, upTo, limit: PAGE });
    after = ids.at(-1) ?? upTo;
    more = ids.length === PAGE;
    yield { rows, done: after };
    // Neither reading nor writing to a file or a pipe leaves this turn of the event loop: without a pause no signal would be seen.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

type Page = (db: Db, filter: ExportFilter, span: Parameters<typeof messageIds>[2]) => Promise<{ ids: number[]; rows: Row[] }>;

const PAGES: Record<ExportRequest['what'], Page> = {
  async messages(db, filter, span) {
    const page = await messageRows(db, filter, span);
    return { ids: page.map(({ id }) => id), rows: page.map(messageRow) };
  },
  async prospects(db, filter, span) {
    const page = await prospectRows(db, filter, span);
    return { ids: page.map(({ id }) => id), rows: page.map(prospectRow) };
  },
  async events(db, filter, span) {
    const ids = await messageIds(db, filter, span);
    return { ids, rows: (await entriesOf(db, ids, filter.since)).map(eventRow) };
  },
};

const COLUMNS: Record<ExportRequest['what'], readonly string[]> = {
  messages:
    'id,job,campaign,email,step,state,reason,subject,message_id,sender,provider,attempts,code,reply,created_at,due_at,state_at,sent_at,text'.split(
      ',',
    ),
  prospects: ['id', 'job', 'campaign', 'email', 'domain', 'state', 'source', 'basis', 'created_at', 'updated_at'],
  events: ['at', 'message', 'job', 'campaign', 'email', 'kind', 'sender', 'provider', 'code', 'detail'],
};

function messageRow({ text, armed_at, ...message }: MessageExport): Row {
  const { created_at, due_at, state_at } = message;
  // A mail that a person said was sent may have no attempt that released it.
  const sent_at = message.state === 'accepted' ? iso(armed_at) : null;
  return { ...message, created_at: iso(created_at), due_at: iso(due_at), state_at: iso(state_at), sent_at, text };
}

function prospectRow({ created_at, updated_at, fields, ...prospect }: ProspectExport): Row {
  return { ...prospect, created_at: iso(created_at), updated_at: iso(updated_at), fields: JSON.parse(fields) as Row };
}

/** The fields of an event, in `export events` and `log --json` alike. */
export function eventRow({ at, message, job, campaign, email, kind, sender, provider, code, detail }: LogEntry): Row {
  return { at: iso(at), message, job, campaign, email, kind, sender, provider, code, detail };
}

/** Every field that any lead has, in order: the columns must be known before the first row. Its pieces are empty: a sign of life. */
async function* fieldNames(db: Db, request: ExportRequest, upTo: number): AsyncGenerator<Piece, string[]> {
  const names = new Set<string>();
  for await (const { rows } of pagesOf(db, request, upTo)) {
    for (const { fields } of rows) for (const name of Object.keys(fields as Row)) names.add(name);
    yield { text: '', rows: 0, done: 0, total: upTo };
  }
  return [...names].sort();
}

/** A lead's own column may be called `state` or `id`. */
function fieldColumn(name: string): string {
  return `field_${name}`;
}

function withFieldColumns({ fields, ...row }: Row, known: ReadonlySet<string>): Row {
  const own = Object.entries((fields ?? {}) as Row);
  const late = own.find(([name]) => !known.has(name));
  if (late !== undefined)
    throw new OutreachError('refused', `leads got a column ${late[0]} while they were read, so this CSV is not whole`, {
      hint: 'Run it again; --format ndjson needs no columns beforehand.',
    });
  return { ...row, ...Object.fromEntries(own.map(([name, value]) => [fieldColumn(name), value])) };
}

function printable(value: unknown): unknown {
  if (typeof value === 'string') return blockForTerminal(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, printable(inner)]));
}
