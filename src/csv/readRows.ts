import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { parse } from 'csv-parse';
import iconv from 'iconv-lite';
import { messageOf, OutreachError } from '../domain/errors.ts';

/** One record of the file. `line` is where it begins, counted from 1, the header included. */
export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
}

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
  /** The records after the header, streamed; `consumed` tells bytes read so far. Throws OutreachError with the line. */
  rows(consumed?: (bytes: number) => void): AsyncGenerator<CsvRow>;
}

/** How .xlsx, .ods and .numbers (all of them ZIP) and .xls begin. */
const WORKBOOKS = ['504b0304', 'd0cf11e0'];
const DELIMITERS = [',', ';', '\t', '|'];
/** A record longer than this, in bytes, comes from a quote that is never closed; one that is only too long for a lead is a reject. */
const LONGEST_RECORD = 16 * 1_048_576;

/** Opens a CSV (RFC 4180, with the liberties of real exports) and reads its header. */
export async function openCsv(path: string, name: string, options: CsvOptions): Promise<CsvFile> {
  const bytes = await sizeOf(path, name);
  const fingerprint = await hashOf(path);
  const encoding = await encodingOf(path, name, options.encoding);
  const head = await firstText(path, encoding);
  // Excel writes a first line `sep=;` for itself.
  const separator = /^\ufeff?sep=(.)[ \t]*\r?\n/i.exec(head)?.[1];
  const delimiter = options.delimiter ?? separator ?? likeliestDelimiter(head);
  const records = (consumed?: (bytes: number) => void) => parsed(path, name, encoding, delimiter, consumed);
  const before = separator === undefined ? 0 : 1;
  const header = await recordAt(records(), before);
  if (header === undefined)
    throw new OutreachError('input', `${name} has no rows`, {
      hint: 'The first line must name the columns: email, first_name, company, …',
    });
  return {
    path,
    name,
    bytes,
    fingerprint,
    delimiter,
    header: header.cells,
    async *rows(consumed) {
      let seen = 0;
      for await (const row of records(consumed)) {
        if (seen > before) yield row;
        seen++;
      }
    },
  };
}

async function* parsed(
  path: string,
  name: string,
  encoding: string,
  delimiter: string,
  consumed?: (bytes: number) => void,
): AsyncGenerator<CsvRow> {
  const parser = parse({
    delimiter,
    bom: true,
    info: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_RECORD,
  });
  const source = createReadStream(path);
  if (consumed) source.on('data', (chunk) => consumed(chunk.length));
  const decoded = source.pipe(decoder(encoding, name));
  for (const stream of [source, decoded]) stream.on('error', (error: Error) => parser.destroy(error));
  decoded.pipe(parser);
  let twice = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      // `lines` is where the record ends, with each CRLF inside a quoted cell counted twice; line breaks inside its cells lead back to where it begins.
      const text = record.join(' ');
      twice += text.split('\r\n').length - 1;
      const breaks = text.split(/\r\n|\n|\r/).length - 1;
      if (record.some((cell) => cell.trim() !== '')) yield { cells: record, line: info.lines - twice - breaks };
    }
  } catch (error) {
    throw readableError(error, name);
  } finally {
    source.destroy();
  }
}

function readableError(error: unknown, name: string): unknown {
  if (error instanceof OutreachError) return error;
  const { code, lines } = error as { code?: string; lines?: number };
  if (code?.startsWith('CSV_') !== true) return error;
  const where = lines === undefined ? name : `${name}:${lines}`;
  const [what, hint] = CSV_TROUBLES[code] ?? [messageOf(error), 'Save the file as CSV (UTF-8) again.'];
  return new OutreachError('input', `${where}: ${what}`, { hint, cause: error });
}

const CSV_TROUBLES: Record<string, [what: string, hint: string]> = {
  CSV_QUOTE_NOT_CLOSED: ['a quoted cell is never closed', 'Look for a lone " before this line, or set --delimiter.'],
  CSV_MAX_RECORD_SIZE: ['a row is longer than 16 MB', 'Look for a lone " that is never closed.'],
};

async function recordAt(records: AsyncGenerator<CsvRow>, index: number): Promise<CsvRow | undefined> {
  let seen = 0;
  for await (const row of records) if (seen++ === index) return row;
  return undefined;
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

/** Decodes as it streams. Bytes that are no UTF-8 stop the import: guessing would put wrong names into mails. */
function decoder(encoding: string, name: string): Transform {
  const utf8 = ['utf-8', 'utf8'].includes(encoding.toLowerCase()) ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }) : undefined;
  const other = utf8 === undefined ? iconv.getDecoder(encoding) : undefined;
  let line = 1;
  return new Transform({
    readableObjectMode: false,
    transform(chunk: Buffer, _, done) {
      try {
        const text = utf8 === undefined ? (other?.write(chunk) ?? '') : utf8.decode(chunk, { stream: true });
        line += text.split('\n').length - 1;
        // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL never belongs into a text field
        done(null, text.replace(/\u0000/g, ''));
      } catch {
        done(notUtf8(name, line));
      }
    },
    flush(done) {
      try {
        done(null, utf8 === undefined ? (other?.end() ?? '') : utf8.decode());
      } catch {
        done(notUtf8(name, line));
      }
    },
  });
}

function notUtf8(name: string, line: number): OutreachError {
  return new OutreachError('input', `${name}: not UTF-8 (at or after line ${line})`, {
    hint: 'Save it as "CSV UTF-8", or name its encoding: --encoding windows-1252',
  });
}

async function firstText(path: string, encoding: string): Promise<string> {
  for await (const chunk of Readable.from(createReadStream(path, { end: 65_535 }))) return iconv.decode(chunk as Buffer, encoding);
  return '';
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function sizeOf(path: string, name: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (error) {
    throw unreadable(name, error);
  }
  throw new OutreachError('input', `${name} is not a file`, { hint: 'Give the path of a CSV file, or - for standard input.' });
}

function unreadable(name: string, error: unknown): OutreachError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return new OutreachError('input', missing ? `there is no file ${name}` : `${name} cannot be read: ${messageOf(error)}`, {
    hint: 'Give the path of a CSV file, or - for standard input.',
    cause: error,
  });
}
