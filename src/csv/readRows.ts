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

const DELIMITERS = [',', ';', '\t', '|'];
/** A record longer than this comes from a quote that is never closed. */
const LONGEST_RECORD = 1_048_576;

/** Opens a CSV (RFC 4180, with the liberties of real exports) and reads its header. */
export async function openCsv(path: string, name: string, options: CsvOptions): Promise<CsvFile> {
  const bytes = await sizeOf(path, name);
  const fingerprint = await hashOf(path);
  const encoding = await encodingOf(path, name, options.encoding);
  const head = await firstText(path, encoding);
  const delimiter = options.delimiter ?? likeliestDelimiter(head);
  const records = (consumed?: (bytes: number) => void) => parsed(path, name, encoding, delimiter, consumed);
  const header = await firstRecord(records());
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
      let first = true;
      for await (const row of records(consumed)) {
        if (!first) yield row;
        first = false;
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
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      // `lines` is where the record ends; line breaks inside its cells lead back to where it begins.
      const breaks = record.reduce((sum, cell) => sum + cell.split(/\r\n|\n|\r/).length - 1, 0);
      if (record.some((cell) => cell.trim() !== '')) yield { cells: record, line: info.lines - breaks };
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
  const quote = code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE';
  return new OutreachError('input', quote ? `${where}: a quoted cell is never closed` : `${where}: ${messageOf(error)}`, {
    hint: quote ? 'Look for a lone " before this line, or set --delimiter.' : 'Save the file as CSV (UTF-8) again.',
    cause: error,
  });
}

async function firstRecord(records: AsyncGenerator<CsvRow>): Promise<CsvRow | undefined> {
  for await (const row of records) return row;
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

async function encodingOf(path: string, name: string, asked: string | undefined): Promise<string> {
  if (asked !== undefined) {
    if (iconv.encodingExists(asked)) return asked;
    throw new OutreachError('usage', `--encoding ${asked}: unknown encoding`, {
      hint: 'For example utf-8, windows-1252, iso-8859-15, utf-16le, shift_jis.',
    });
  }
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    if (buffer[0] === 0xff && buffer[1] === 0xfe) return 'utf-16le';
    if (buffer[0] === 0xfe && buffer[1] === 0xff) return 'utf-16be';
    return 'utf-8';
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
