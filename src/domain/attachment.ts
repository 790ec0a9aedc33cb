import { createHash } from 'node:crypto';
import { OutreachError } from './errors.ts';
import { didYouMean } from './text.ts';

/** Gmail takes 25 MB of encoded mail; base64 makes four bytes of three, and the text needs room too. */
export const MOST_ATTACHED = 18 * 1024 * 1024;

/** A file of the campaigns folder as it was when its campaign was read. */
export interface CampaignFile {
  /** As the campaign writes it: relative to the campaigns folder, with `/`. */
  readonly name: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Changes whenever the file does. */
  readonly stamp: string;
}

/** What a campaign attaches: the same file to each mail, or the one that a column of the lead names. */
export type Attachment = { readonly file: CampaignFile } | { readonly column: string };

/** A file of a frozen mail, without its content: what a draft remembers of it. */
export interface AttachedFile {
  readonly sha256: string;
  /** Without folders. */
  readonly name: string;
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** Shown inside the HTML, under this Content-ID. */
  readonly cid?: string;
}

export interface FileContent {
  readonly content: Buffer;
}

/** What reading a file came to; `reason` is half a sentence about it. */
export type ReadFile =
  | { readonly ok: true; readonly file: CampaignFile; readonly content: Buffer }
  | { readonly ok: false; readonly reason: string };

/** Where drafting gets files from. Names may come from lead data. */
export interface FileSource {
  read(name: string): ReadFile;
}

/** Refuses a column of file names that no lead of this file can have. */
export function checkFileColumns(attachments: readonly Attachment[], columns: readonly (string | null)[], path: string): void {
  const known = columns.filter((field) => field !== null);
  for (const attached of attachments) {
    if ('file' in attached || known.includes(attached.column)) continue;
    const near = didYouMean(attached.column, known);
    throw new OutreachError(
      'input',
      `${path}: attachments: the leads have no column ${attached.column}${near === undefined ? '' : `; did you mean ${near}?`}`,
      { hint: `Columns: ${known.join(', ')}` },
    );
  }
}

/**
 * What stands in a kept mail in place of a file: the file itself is kept once for all mails. MIME
 * holds no NUL (RFC 2045 §2.7, §2.8), so no text can look like it.
 */
export function fileMark(sha256: string): string {
  return `\0file:${sha256}\0`;
}

const MARK = /\0file:([0-9a-f]{64})\0/g;

/** The whole mail again; undefined when a file is missing. */
export function assemble(skeleton: Buffer, contentOf: (sha256: string) => Buffer | undefined): Buffer | undefined {
  const parts: Buffer[] = [];
  let end = 0;
  for (const match of skeleton.toString('latin1').matchAll(MARK)) {
    const content = contentOf(match[1] ?? '');
    if (content === undefined) return undefined;
    parts.push(skeleton.subarray(end, match.index), base64Lines(content));
    end = match.index + match[0].length;
  }
  return Buffer.concat([...parts, skeleton.subarray(end)]);
}

/** Content types by extension; everything else is bytes. Types that a mail client would run or render come as bytes too. */
const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    pdf: 'application/pdf',
    png: 'image/png',
    jpg: 'image/jpeg',
    jpeg: 'image/jpeg',
    gif: 'image/gif',
    webp: 'image/webp',
    txt: 'text/plain',
    csv: 'text/csv',
    ics: 'text/calendar',
    zip: 'application/zip',
    doc: 'application/msword',
    xls: 'application/vnd.ms-excel',
    ppt: 'application/vnd.ms-powerpoint',
    docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    odt: 'application/vnd.oasis.opendocument.text',
    ods: 'application/vnd.oasis.opendocument.spreadsheet',
    mp4: 'video/mp4',
    mp3: 'audio/mpeg',
  }),
);

export function contentType(name: string): string {
  return TYPES.get(/\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? '') ?? 'application/octet-stream';
}

/** Half a sentence about files that no mail can carry. */
export function tooMuch(bytes: number): string {
  return `${fileSize(bytes)} of files, and a mail can carry ${fileSize(MOST_ATTACHED)}`;
}

/** `340 kB`, `1.2 MB`; rounded up, so that what is too much never reads as if it were not. */
export function fileSize(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} kB` : `${Math.ceil((bytes / 1024 / 1024) * 10) / 10} MB`;
}

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

const LINE = 76;

/** RFC 2045 §6.8: lines of 76 characters. Copied line by line: a regular expression over 24 MB took four times as long. */
function base64Lines(content: Buffer): Buffer {
  const encoded = Buffer.from(content.toString('base64'), 'latin1');
  const lines = Math.ceil(encoded.length / LINE);
  const wrapped = Buffer.allocUnsafe(encoded.length + 2 * Math.max(0, lines - 1));
  for (let line = 0, at = 0; line < lines; line++) {
    if (line > 0) at += wrapped.write('\r\n', at, 'latin1');
    at += encoded.copy(wrapped, at, line * LINE, (line + 1) * LINE);
  }
  return wrapped;
}
