import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapColumns } from '../../src/csv/columns.ts';
import { readLead } from '../../src/csv/leads.ts';
import { type CsvRow, RowParser } from '../../src/csv/rowParser.ts';
import { growth, MOST_GROWTH } from '../support/growth.ts';

function rowsOf(pieces: readonly string[], delimiter = ','): CsvRow[] {
  const parser = new RowParser(delimiter, 'leads.csv');
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

const pieceOf = fc.constantFrom('a', ' ', ',', ';', '"', '""', '\n', '\r\n', '\r', 'b@y.example', '\t');
const text = fc.array(pieceOf, { maxLength: 60 }).map((parts) => parts.join(''));

/** Undefined for a quote that is never closed. */
function read(pieces: readonly string[]): CsvRow[] | undefined {
  try {
    return rowsOf(pieces);
  } catch {
    return undefined;
  }
}

test('however a text is cut into pieces, its rows are the same', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 7 }), (content, size) => {
      const pieces = Array.from({ length: Math.ceil(content.length / size) }, (_, at) => content.slice(at * size, (at + 1) * size));
      expect(read(pieces)).toEqual(read([content]));
    }),
    { numRuns: 2_000 },
  );
});

test('well-formed text is read as another parser reads it', () => {
  const cell = fc.array(fc.constantFrom('a', 'é', ' ', ',', '"', '\n', '\r\n', ';'), { maxLength: 8 }).map((parts) => parts.join(''));
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });
  const written = (rows: readonly (readonly string[])[]) =>
    rows.map((cells) => cells.map((each) => (/["\r\n,]/.test(each) ? `"${each.replaceAll('"', '""')}"` : each)).join(',')).join('\r\n');
  fc.assert(
    fc.property(table, (rows) => {
      const content = written(rows);
      const theirs = parse(content, { relax_column_count: true, skip_empty_lines: true }) as string[][];
      expect(rowsOf([content]).map(({ cells }) => cells)).toEqual(theirs);
    }),
    { numRuns: 1_000 },
  );
});

test('a quote within a cell stands for itself, and spaces behind a closing one are none of the cell', () => {
  expect(rowsOf(['a,Cy "The Man" Lo,5"\nb,"Dee" Dee,"x" \n']).map(({ cells }) => cells)).toEqual([
    ['a', 'Cy "The Man" Lo', '5"'],
    ['b', '"Dee" Dee', 'x'],
  ]);
});

function leadsOf(content: string, header: string): string[] {
  const [names, ...rows] = rowsOf([`${header}\n${content}`]);
  const columns = mapColumns(names?.cells ?? [], new Map(), 'l.csv');
  return rows.map((row) => {
    const lead = readLead(row, columns);
    return lead.kind === 'lead' ? `${row.line} ${lead.address.key}` : `${row.line} ${lead.reason}`;
  });
}

const takes = (line: number, opens: number, through: number) =>
  `${line} the " that opens on line ${opens} takes in other rows: this reject covers lines ${line} to ${through}; close or remove that "`;

test.each([
  [
    'is never closed before another one opens',
    'a@y.example,"Ann,A\nb@y.example,Bo,B\nc@y.example,Cy "The Man",C\nd@y.example,D,D',
    [takes(2, 2, 4), '5 d@y.example'],
  ],
  ['is closed by a lone one of the next row', 'a@y.example,"Ann,A\nb@y.example,5",B\nd@y.example,D,D', [takes(2, 2, 3), '4 d@y.example']],
  [
    'meets a cell that is quoted as it should be',
    'a@y.example,"Ann,A\nb@y.example,"Bo, Jr",B\nd@y.example,D,D',
    [takes(2, 2, 3), '4 d@y.example'],
  ],
  [
    'stands behind a cell of several lines',
    '"a@y.example","x\ny","Ann\nb@y.example,Bo,B\nc@y.example,Cy,C"\nd@y.example,D,D',
    [takes(2, 3, 5), '6 d@y.example'],
  ],
  [
    'takes in a row with an empty quoted cell',
    'a@y.example,"Ann,A\nb@y.example,"",B\nc@y.example,5",C\nd@y.example,D,D',
    [takes(2, 2, 4), '5 d@y.example'],
  ],
])('a stray quote that %s costs its own rows and no others, and no lead has the data of another', (_, content, expected) => {
  expect(leadsOf(content, 'email,first_name,company')).toEqual(expected);
});

test('a stray quote in front of the address column takes nobody else’s company into a mail', () => {
  expect(leadsOf('Ann,"Acme,a@y.example\nBob,5",b@y.example\nCy,C,c@y.example', 'first_name,company,email')).toEqual([
    takes(2, 2, 3),
    '4 c@y.example',
  ]);
});

test.each([
  ['an address', 'a@y.example,"1 Main St\nSpringfield, IL",A\nb@y.example,Bo,B', 'email,street,company'],
  ['notes that name people', 'a@y.example,"Met b@y.example, then\nc@y.example\nand others",A\nb@y.example,Bo,B', 'email,notes,company'],
  ['notes before the address', '"first\nsecond",Ann,a@y.example\n"x\n\ny",Bo,b@y.example', 'notes,first_name,email'],
  ['quotes as they should be', 'a@y.example,"He said ""hi"",\nand left",A\nb@y.example,"""B""\nb",B', 'email,notes,company'],
])('a cell of several lines with %s is a cell', (_, content, header) => {
  expect(leadsOf(content, header).map((each) => each.split(' ')[1])).toEqual(['a@y.example', 'b@y.example']);
});

test('a quote that is never closed is named with the line on which it opens', () => {
  expect(() => rowsOf(['id,company,email\n1,A,a@y.example\n2,"C/O Dutch, s.r.o\n3,B,b@y.example\n4,C,c@y.example\n'])).toThrow(
    'leads.csv:3: a quoted cell is never closed',
  );
  expect(() => rowsOf(['a,"x\ny","z\n\n'])).toThrow('leads.csv:2: a quoted cell is never closed');
});

test('a record that does not end is given up after 16 MB, with the line of its quote', () => {
  const parser = new RowParser(',', 'leads.csv');
  parser.push('a,b\nx,"');
  const piece = 'y,z\n'.repeat(65_536);
  expect(() => {
    for (let n = 0; n < 100; n++) parser.push(piece);
  }).toThrow('leads.csv:2: a quoted cell is never closed');
});

test.each<[string, (size: number) => string]>([
  ['quotes', (size) => `a,"${'""'.repeat(600_000 * size)}"`],
  ['lone carriage returns', (size) => 'a,b\r'.repeat(40_000 * size)],
  ['lines in one cell', (size) => `email,x\na@y.example,"${'b@y.example\n'.repeat(500 * size)}"`],
  ['delimiters in one line', (size) => `"x\n${','.repeat(2_000 * size)}"`],
  ['cells of two lines', (size) => `${'"x\ny",'.repeat(30_000 * size)}z`],
])('reading a file of nothing but %s takes time in proportion to its length', { timeout: 120_000 }, async (_, make) => {
  const ratio = await growth(make, (content) => {
    for (const row of rowsOf(content.match(/[\s\S]{1,65536}/g) ?? [])) readLead(row, ['email', 'x']);
  });
  expect(ratio).toBeLessThan(MOST_GROWTH);
});

test('a header of 16,384 columns of one name is mapped at once', () => {
  const began = performance.now();
  const columns = mapColumns(['email', ...Array.from({ length: 16_383 }, () => 'c')], new Map(), 'l.csv');
  expect(new Set(columns).size).toBe(16_384);
  expect(performance.now() - began).toBeLessThan(1_000);
});
