import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import iconv from 'iconv-lite';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { unguarded } from '../domain/formula.ts';
import { contentOf, type FileContent, sameBlocks } from './blocks.ts';
import { REJECT_COLUMNS } from './columns.ts';
import { type CsvRow, RowParser } from './rowParser.ts';

export type { CsvRow } from './rowParser.ts';

export interface CsvOptions {
  readonly delimiter: string | undefined;
  /** A name iconv knows; without one UTF-8, or UTF-16 when the file starts with its byte order mark. */
  readonly encoding: string | undefined;
}

export interface CsvFile {
  readonly path: string;
  /** What messages call it. */
  readonly name: string;
  readonly bytes: number;
  readonly header: readonly string[];
  readonly delimiter: string;
  /** SHA-256 of the whole file: the same file read again is known by it. */
  readonly fingerprint: string;
  /** The records after the header, streamed; `consumed` tells bytes read so far. Throws OutreachError with the line, and FileChanged. */
  rows(consumed?: (bytes: number) => void): AsyncGenerator<CsvRow>;
}

/** How .xlsx, .ods and .numbers (all of them ZIP) and .xls begin. */
const WORKBOOKS = ['504b0304', 'd0cf11e0'];
const DELIMITERS = [',', ';', '\t', '|'];

/** Opens a CSV (RFC 4180, with the liberties of real exports) and reads its header. `options`: where the command has such flags. */
export async function openCsv(path: string, name: string, options?: CsvOptions): Promise<CsvFile> {
  await refuseNoFile(path, name);
  const content = await contentOf(path, name).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  const encoding = await encodingOf(path, name, options?.encoding);
  const head = await firstText(path, encoding);
  // Excel writes a first line `sep=;` for itself.
  const separator = /^\ufeff?sep=(.)[ \t]*\r?\n/i.exec(head)?.[1];
  const delimiter = options?.delimiter ?? separator ?? likeliestDelimiter(head);
  const records = (consumed?: (bytes: number) => void) =>
    parsed(content, { encoding, delimiter, canBeTold: options !== undefined }, consumed);
  const before = separator === undefined ? 0 : 1;
  const header = await headerOf(records(), before);
  if (header === undefined)
    throw new OutreachError('input', `${name} has no rows`, {
      hint: 'The first line must name the columns: email, first_name, company, …',
    });
  // Our own file of rejects: what was put before formulas when it was written is taken off.
  const ours = REJECT_COLUMNS.every((column) => header.includes(column));
  const asRead = (row: CsvRow): CsvRow => (ours ? { ...row, cells: row.cells.map(unguarded) } : row);
  return {
    path,
    name,
    bytes: content.bytes,
    fingerprint: content.fingerprint,
    delimiter,
    header: refuseTooMany(ours ? header.map(unguarded) : header, name),
    async *rows(consumed) {
      let seen = 0;
      for await (const row of records(consumed)) {
        if (seen > before) yield asRead(row);
        seen++;
      }
    },
  };
}

async function* parsed(
  content: FileContent,
  { encoding, delimiter, canBeTold }: { encoding: string; delimiter: string; canBeTold: boolean },
  consumed?: (bytes: number) => void,
): AsyncGenerator<CsvRow> {
  const { name } = content;
  const parser = new RowParser(delimiter, name);
  const decode = decoder(encoding, () => notUtf8(name, parser.line, canBeTold));
  for await (const block of sameBlocks(content)) {
    consumed?.(block.length);
    yield* rowsWithText(parser.push(decode(block)));
  }
  yield* rowsWithText([...parser.push(decode()), ...parser.end()]);
}

/** Spreadsheets export what they have coloured: rows of nothing but delimiters. */
function* rowsWithText(rows: readonly CsvRow[]): Generator<CsvRow> {
  for (const row of rows) if (row.cells.some((cell) => cell.trim() !== '')) yield row;
}

/** More than any list of people has, and few enough for one line of a message. */
const MOST_COLUMNS = 2_000;
/** So many rows tell whether a column without a name holds something. */
const LOOKED_AT = 50;

/** The names of the columns, but for those at the end that have no name and hold nothing: spreadsheets export them. */
async function headerOf(records: AsyncGenerator<CsvRow>, before: number): Promise<readonly string[] | undefined> {
  let header: readonly string[] | undefined;
  let [width, seen] = [0, 0];
  for await (const { cells } of records) {
    if (seen >= before) {
      header ??= cells;
      width = Math.max(width, cells.findLastIndex((cell) => cell.trim() !== '') + 1);
    }
    if (++seen > before + LOOKED_AT || width >= (header?.length ?? Infinity)) break;
  }
  return header?.slice(0, width);
}

function refuseTooMany(header: readonly string[], name: string): readonly string[] {
  if (header.length <= MOST_COLUMNS) return header;
  throw new OutreachError('input', `${name}:1: ${header.length} columns, and at most ${MOST_COLUMNS} are read`, {
    hint: 'Export only the columns that your mails use, or set --delimiter.',
  });
}

/** The delimiter that cuts the header line into most cells, quoted parts left out. */
function likeliestDelimiter(head: string): string {
  const line = (
    head
      .replace(/^\ufeff/, '')
      .trimStart()
      .split(/\r?\n|\r/)[0] ?? ''
  ).replace(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}

/** A byte order mark decides, then what was asked for, then the zero bytes of UTF-16; otherwise it must be UTF-8. */
async function encodingOf(path: string, name: string, asked: string | undefined): Promise<string> {
  if (asked !== undefined && !iconv.encodingExists(asked)) {
    throw new OutreachError('usage', `--encoding ${asked}: unknown encoding`, {
      hint: 'For example utf-8, windows-1252, iso-8859-15, utf-16le, shift_jis.',
    });
  }
  const head = await firstBytes(path, name);
  if (WORKBOOKS.some((magic) => head.subarray(0, 4).toString('hex') === magic)) {
    throw new OutreachError('input', `${name} is a workbook or an archive, not a CSV`, {
      hint: 'Open it, save the sheet as "CSV UTF-8", and import that file.',
    });
  }
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8';
  if (asked !== undefined) return asked;
  const zeros = [0, 1].map((parity) => head.filter((byte, index) => byte === 0 && index % 2 === parity).length);
  if (Math.max(...zeros) < head.length / 8) return 'utf-8';
  return (zeros[1] ?? 0) > (zeros[0] ?? 0) ? 'utf-16le' : 'utf-16be';
}

async function firstBytes(path: string, name: string): Promise<Buffer> {
  const file = await open(path).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4_096), 0, 4_096, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw unreadable(name, error);
  } finally {
    await file.close();
  }
}

/** Decodes piece by piece; without one, what is left. Bytes that are no UTF-8 stop the import: guessing would put wrong names into mails. */
function decoder(encoding: string, wrong: () => OutreachError): (piece?: Buffer) => string {
  const utf8 = ['utf-8', 'utf8'].includes(encoding.toLowerCase()) ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }) : undefined;
  const other = utf8 === undefined ? iconv.getDecoder(encoding) : undefined;
  let begun = false;
  const decoded = (piece: Buffer | undefined): string => {
    if (utf8 === undefined) return (piece === undefined ? other?.end() : other?.write(piece)) ?? '';
    try {
      return piece === undefined ? utf8.decode() : utf8.decode(piece, { stream: true });
    } catch {
      throw wrong();
    }
  };
  return (piece) => {
    let text = decoded(piece);
    if (!begun && text !== '') {
      begun = true;
      if (text.startsWith('\ufeff')) text = text.slice(1);
    }
    // NUL never belongs into a text field.
    return text.includes('\0') ? text.replaceAll('\0', '') : text;
  };
}

function notUtf8(name: string, line: number, canBeTold: boolean): OutreachError {
  return new OutreachError('input', `${name}: not UTF-8 (at or after line ${line})`, {
    hint: `Save it as "CSV UTF-8"${canBeTold ? ', or name its encoding: --encoding windows-1252' : ' first.'}`,
  });
}

async function firstText(path: string, encoding: string): Promise<string> {
  for await (const chunk of Readable.from(createReadStream(path, { end: 65_535 }))) return iconv.decode(chunk as Buffer, encoding);
  return '';
}

async function refuseNoFile(path: string, name: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  if (!found.isFile())
    throw new OutreachError('input', `${name} is not a file`, { hint: 'Give the path of a CSV file, or - for standard input.' });
}

function unreadable(name: string, error: unknown): OutreachError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return new OutreachError('input', missing ? `there is no file ${name}` : `${name} cannot be read: ${messageOf(error)}`, {
    hint: 'Give the path of a CSV file, or - for standard input.',
    cause: error,
  });
}
