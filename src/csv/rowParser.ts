import { OutreachError } from '../domain/errors.ts';

/** One record of the file. `line` is where it begins, counted from 1, the header included. */
export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
  /** Where quoted cells go over several lines: what a stray quote is known by. */
  readonly quoted?: QuotedLines;
  /** Cells in which more text follows a closing quote on the same line. */
  readonly loose?: readonly number[];
}

/** The quoted cells of a record that go over several lines. */
export interface QuotedLines {
  /** The record as it stands in the file, without its line end. */
  readonly raw: string;
  readonly delimiter: string;
  readonly spans: readonly QuotedSpan[];
}

export interface QuotedSpan {
  /** The line on which the quote opens, and the one on which it closes. */
  readonly opens: number;
  readonly closes: number;
  /** The cell's content in `raw`: from here to before there. */
  readonly from: number;
  readonly to: number;
  /** More text follows the closing quote: it belongs to another cell, or stands for itself. */
  readonly loose: boolean;
}

/** A record longer than this, in characters, comes from a quote that is never closed; one that is only too long for a lead is a reject. */
const LONGEST_RECORD = 16 * 1_048_576;

const [LF, CR, QUOTE] = [10, 13, 34];

/**
 * RFC 4180 with the liberties of real exports: any line end, rows of any length, quotes inside a cell
 * that does not begin with one. Text comes in pieces; each character is looked at a fixed number of times.
 */
export class RowParser {
  readonly #delimiter: string;
  readonly #delimiterCode: number;
  readonly #name: string;
  #text = '';
  #at = 0;
  #line = 1;
  /** `quote`: behind a quote within a quoted cell, which closes it unless another one follows. */
  #mode: 'cell' | 'bare' | 'quoted' | 'quote' = 'cell';
  #afterCr = false;
  #cells: string[] = [];
  /** What is known of the cell so far. */
  #cell = '';
  /** Of a cell whose closing quote is followed by other text: what the quotes held. */
  #unquoted: string | undefined;
  #recordLine = 1;
  /** Where the record begins in `#text`, and what of it stood in earlier pieces. */
  #recordAt = 0;
  #earlier: string[] = [];
  #earlierLength = 0;
  #spans: QuotedSpan[] = [];
  #loose: number[] = [];
  #open = { line: 1, from: 0 };
  #nextLf = -1;
  #nextCr = -1;
  #nextQuote = -1;

  constructor(delimiter: string, name: string) {
    this.#delimiter = delimiter;
    this.#delimiterCode = delimiter.charCodeAt(0);
    this.#name = name;
  }

  /** The line that is being read. */
  get line(): number {
    return this.#line;
  }

  /** The records that end within this piece. Throws OutreachError for one that never ends. */
  push(piece: string): CsvRow[] {
    this.#begin(piece);
    const rows: CsvRow[] = [];
    while (this.#at < piece.length) this.#step(rows);
    if (this.#offset() > LONGEST_RECORD) throw this.#mode === 'quoted' ? this.#neverClosed() : this.#tooLong();
    return rows;
  }

  /** The last record, if the file does not end with a line end. */
  end(): CsvRow[] {
    this.#begin('');
    if (this.#mode === 'quoted') throw this.#neverClosed();
    if (this.#mode === 'cell' && this.#cells.length === 0) return [];
    const rows: CsvRow[] = [];
    if (this.#mode === 'quote') this.#noteSpan();
    this.#endCell();
    this.#endRecord(rows);
    return rows;
  }

  /** What was read of the record so far stood in the piece before. */
  #begin(piece: string): void {
    const read = this.#text.slice(this.#recordAt);
    if (read !== '') this.#earlier.push(read);
    this.#earlierLength += read.length;
    this.#text = piece;
    this.#at = this.#recordAt = 0;
    this.#nextLf = this.#nextCr = this.#nextQuote = -1;
  }

  #step(rows: CsvRow[]): void {
    if (this.#mode === 'cell') this.#beginCell(rows);
    else if (this.#mode === 'bare') this.#readBare(rows);
    else if (this.#mode === 'quoted') this.#readQuoted();
    else this.#readBehindQuote(rows);
  }

  #beginCell(rows: CsvRow[]): void {
    if (this.#cells.length === 0 && (this.#skipLineFeed() || this.#takePlainLine(rows))) return;
    this.#mode = 'bare';
    if (this.#text.charCodeAt(this.#at) !== QUOTE) return;
    this.#mode = 'quoted';
    this.#afterCr = false;
    this.#at++;
    this.#open = { line: this.#line, from: this.#offset() };
  }

  /** The second half of the CRLF that ended the record before. */
  #skipLineFeed(): boolean {
    const skips = this.#afterCr && this.#text.charCodeAt(this.#at) === LF;
    this.#afterCr = false;
    if (skips) this.#recordAt = ++this.#at;
    return skips;
  }

  /** Most lines hold no quote: such a one is a record of its own. */
  #takePlainLine(rows: CsvRow[]): boolean {
    const at = this.#at;
    const end = this.#next('\n', at);
    const carriage = this.#next('\r', at);
    if (end === this.#text.length || carriage < end - 1 || this.#next('"', at) < end) return false;
    const line = this.#text.slice(at, Math.min(carriage, end));
    if (line !== '') rows.push({ cells: line.split(this.#delimiter), line: this.#line });
    this.#at = end + 1;
    this.#beginRecord();
    return true;
  }

  #readBare(rows: CsvRow[]): void {
    const text = this.#text;
    let at = this.#at;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === this.#delimiterCode || code === LF || code === CR) break;
    }
    this.#cell += text.slice(this.#at, at);
    this.#at = at;
    if (at < text.length) this.#closeCell(rows);
  }

  #readQuoted(): void {
    const quote = this.#next('"', this.#at);
    const held = this.#text.slice(this.#at, quote);
    for (let at = 0; at < held.length; at++) {
      const code = held.charCodeAt(at);
      if (code === CR || (code === LF && !this.#afterCr)) this.#line++;
      this.#afterCr = code === CR;
    }
    this.#cell += held;
    this.#at = quote;
    if (quote === this.#text.length) return;
    this.#at++;
    this.#mode = 'quote';
  }

  #readBehindQuote(rows: CsvRow[]): void {
    const code = this.#text.charCodeAt(this.#at);
    this.#afterCr = false;
    if (code === QUOTE) {
      this.#cell += '"';
      this.#at++;
      this.#mode = 'quoted';
      return;
    }
    this.#noteSpan();
    if (code === this.#delimiterCode || code === LF || code === CR) {
      this.#closeCell(rows);
      return;
    }
    this.#unquoted = this.#cell;
    this.#cell = '';
    this.#mode = 'bare';
  }

  /** Behind the closing quote of a cell. */
  #noteSpan(): void {
    if (this.#line === this.#open.line) return;
    this.#spans.push({ opens: this.#open.line, closes: this.#line, from: this.#open.from, to: this.#offset() - 1, loose: false });
  }

  /** At a delimiter or a line end. */
  #closeCell(rows: CsvRow[]): void {
    this.#endCell();
    const code = this.#text.charCodeAt(this.#at);
    if (code === this.#delimiterCode) {
      this.#at++;
      return;
    }
    this.#endRecord(rows);
    this.#at++;
    this.#afterCr = code === CR;
    this.#beginRecord();
  }

  #endCell(): void {
    const unquoted = this.#unquoted;
    if (unquoted === undefined) this.#cells.push(this.#cell);
    else if (this.#cell.trim() === '') this.#cells.push(unquoted);
    else {
      this.#cells.push(`"${unquoted}"${this.#cell}`);
      this.#loose.push(this.#cells.length - 1);
      const span = this.#spans.at(-1);
      if (span?.from === this.#open.from) this.#spans[this.#spans.length - 1] = { ...span, loose: true };
    }
    this.#unquoted = undefined;
    this.#cell = '';
    this.#mode = 'cell';
  }

  #endRecord(rows: CsvRow[]): void {
    const row: CsvRow = { cells: this.#cells, line: this.#recordLine, ...(this.#loose.length > 0 ? { loose: this.#loose } : {}) };
    if (row.cells.length > 1 || row.cells[0] !== '') {
      const raw = () => this.#earlier.join('') + this.#text.slice(this.#recordAt, this.#at);
      rows.push(this.#spans.length === 0 ? row : { ...row, quoted: { raw: raw(), delimiter: this.#delimiter, spans: this.#spans } });
    }
    this.#cells = [];
  }

  #beginRecord(): void {
    this.#line++;
    this.#recordLine = this.#line;
    this.#recordAt = this.#at;
    if (this.#earlierLength > 0) {
      this.#earlier = [];
      this.#earlierLength = 0;
    }
    if (this.#spans.length > 0) this.#spans = [];
    if (this.#loose.length > 0) this.#loose = [];
  }

  /** How far into its record the parser stands. */
  #offset(): number {
    return this.#earlierLength + this.#at - this.#recordAt;
  }

  /** Where this character stands next, at or after `from`; the end of the piece when it does not. Each one is looked for once. */
  #next(sign: '\n' | '\r' | '"', from: number): number {
    const known = sign === '\n' ? this.#nextLf : sign === '\r' ? this.#nextCr : this.#nextQuote;
    if (known >= from) return known;
    const found = this.#text.indexOf(sign, from);
    const next = found < 0 ? this.#text.length : found;
    if (sign === '\n') this.#nextLf = next;
    else if (sign === '\r') this.#nextCr = next;
    else this.#nextQuote = next;
    return next;
  }

  #neverClosed(): OutreachError {
    return new OutreachError('input', `${this.#name}:${this.#open.line}: a quoted cell is never closed`, {
      hint: 'Its " opens on this line: close it or take it away; or set --delimiter.',
    });
  }

  #tooLong(): OutreachError {
    return new OutreachError('input', `${this.#name}:${this.#recordLine}: a row is longer than 16 MB`, {
      hint: 'Look for line ends that are missing, or set --delimiter.',
    });
  }
}
