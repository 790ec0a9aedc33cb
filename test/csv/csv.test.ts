import iconv from 'iconv-lite';
import { afterEach, expect, test } from 'vitest';
import { addressColumns, mapColumns } from '../../src/csv/columns.ts';
import { readLead } from '../../src/csv/leads.ts';
import { openCsv } from '../../src/csv/readRows.ts';
import { rejectsHeader, rejectsLine } from '../../src/csv/rejects.ts';
import { columnsWithAddresses, firstRows, unknownZone } from '../../src/csv/sample.ts';
import { Folder } from '../support/program.ts';

const folder = new Folder();

afterEach(() => folder.remove());

async function read(content: string | Buffer, options: { delimiter?: string; encoding?: string } = {}) {
  const path = folder.write('leads.csv', content);
  const file = await openCsv(path, 'leads.csv', { delimiter: options.delimiter, encoding: options.encoding });
  const rows = [];
  for await (const row of file.rows()) rows.push(row);
  return { file, rows };
}

test('rows carry the line they begin on after CRLF in cells too', async () => {
  const { rows } = await read('a,b\r\n1,"x\r\ny"\r\n2,z\r\n"q\r\n\r\nr",s\r\n3,"u\nv"\r\n4,w\r\n');
  expect(rows.map(({ line }) => line)).toEqual([2, 4, 5, 8, 10]);
});

test('rows carry the line they begin on, through quotes, blank lines and line breaks in cells', async () => {
  const { rows } = await read('a,b\n1,"x\ny"\n\n2,z\r\n3,"say ""hi"""\n');
  expect(rows).toMatchObject([
    { cells: ['1', 'x\ny'], line: 2 },
    { cells: ['2', 'z'], line: 5 },
    { cells: ['3', 'say "hi"'], line: 6 },
  ]);
});

test.each([';', '\t', '|', ','])('the delimiter %j is found in the header', async (delimiter) => {
  const { file, rows } = await read(`email${delimiter}"a,b;c"${delimiter}d\nx${delimiter}y${delimiter}z\n`);
  expect(file.delimiter).toBe(delimiter);
  expect(rows[0]?.cells).toEqual(['x', 'y', 'z']);
});

test.each([
  ['a byte order mark', Buffer.from('\ufeffemail,név\nx,ő\n'), undefined],
  ['UTF-16LE', Buffer.concat([Buffer.from([0xff, 0xfe]), iconv.encode('email,név\nx,ő\n', 'utf-16le')]), undefined],
  ['UTF-16BE', Buffer.concat([Buffer.from([0xfe, 0xff]), iconv.encode('email,név\nx,ő\n', 'utf-16be')]), undefined],
  ['windows-1250 when told so', iconv.encode('email,név\nx,ő\n', 'windows-1250'), 'windows-1250'],
])('%s is read', async (_, content, encoding) => {
  const { file, rows } = await read(content, encoding === undefined ? {} : { encoding });
  expect(file.header).toEqual(['email', 'név']);
  expect(rows[0]?.cells).toEqual(['x', 'ő']);
});

test('bytes that are no UTF-8 are refused with the line and the way out', async () => {
  await expect(read(iconv.encode('email,name\nx,a\ny,Müller\n', 'latin1'))).rejects.toMatchObject({
    message: expect.stringContaining('leads.csv: not UTF-8'),
    hint: expect.stringContaining('--encoding windows-1252'),
  });
});

test('an unclosed quote names its line; an empty or missing file says so', async () => {
  await expect(read('email\n"a\n')).rejects.toThrow(/leads\.csv:\d+: a quoted cell is never closed/);
  await expect(read('')).rejects.toThrow('leads.csv has no rows');
  await expect(openCsv('/nowhere/x.csv', 'x.csv')).rejects.toThrow('there is no file x.csv');
});

test.each([
  ['E-mail', 'email'],
  ['EMAIL ADDRESS', 'email'],
  ['First Name', 'first_name'],
  ['firstname', 'first_name'],
  ['Given name', 'first_name'],
  ['Organisation', 'company'],
  ['Job Title', 'title'],
])('a column called %s is %s', (name, field) => {
  expect(mapColumns(field === 'email' ? [name] : ['email', name], new Map(), 'leads.csv')).toContain(field);
});

test('other columns keep a cleaned name, two of a kind both stay, and --map decides first', () => {
  const header = ['Email', 'Work Email', 'Größe (m²)', 'Größe (m²)', '2024 Revenue', ''];
  expect(mapColumns(header, new Map(), 'l.csv')).toEqual([
    'email',
    'work_email',
    'große_m2',
    'große_m2_2',
    'column_2024_revenue',
    'column_6',
  ]);
  expect(mapColumns(header, new Map([['email', 'work email']]), 'l.csv').slice(0, 2)).toEqual(['email_2', 'email']);
  expect(() => mapColumns(header, new Map([['email', 'Wrok Email']]), 'l.csv')).toThrow('did you mean "Work Email"?');
  expect(() => mapColumns(['who', 'where'], new Map(), 'l.csv')).toThrow('l.csv:1: no column holds addresses; the columns are who, where');
  expect(addressColumns(['Name', 'Work Email', 'E-mail'])).toEqual(['Work Email', 'E-mail']);
});

test('a file without a header line is told so', () => {
  expect(() => mapColumns(['ana@x.example', 'Ana'], new Map(), 'l.csv')).toThrow('l.csv:1: the first line looks like a lead');
});

test('a row becomes a lead or a reject with a reason', () => {
  const columns = ['email', 'company'];
  expect(readLead({ cells: ['Ann <a@y.example>', ' Acme '], line: 2 }, columns)).toMatchObject({
    kind: 'lead',
    fields: { company: 'Acme', name: 'Ann' },
  });
  expect(readLead({ cells: ['a@y.example'], line: 2 }, columns)).toMatchObject({ kind: 'lead', fields: {} });
  expect(readLead({ cells: ['a@y.example', 'A', 'Inc'], line: 2 }, columns)).toMatchObject({
    kind: 'reject',
    reason: expect.stringContaining('3 cells but 2 columns'),
  });
});

test('a rejects file, once mended, is read as the first file was, whatever encoding is named', async () => {
  const header = ['email', 'company'];
  const text = rejectsHeader(header, ',') + rejectsLine(header, { cells: ['bro"ken', 'Café,B'], line: 7 }, 'not an address', ',');
  expect(text).toBe('\ufeffemail,company,rejected_line,rejected_reason,rejected_surplus\r\n"bro""ken","Café,B",7,not an address,\r\n');
  const { file, rows } = await read(text, { encoding: 'windows-1252' });
  expect(mapColumns(file.header, new Map(), 'r.csv')).toEqual(['email', 'company', null, null, 'rejected_surplus']);
  expect(rejectsHeader(file.header, ',')).toBe(rejectsHeader(header, ','));
  expect(rows[0]?.cells[1]).toBe('Café,B');
});

test('the surplus of a row with too many cells stays apart, and blocks the row until it is put in place', async () => {
  const header = ['email', 'company'];
  const first = rejectsHeader(header, ',') + rejectsLine(header, { cells: ['a@y.example', 'Acme', 'Inc', 'x'], line: 2 }, 'too many', ',');
  const { file, rows } = await read(first);
  const columns = mapColumns(file.header, new Map(), 'r.csv');
  const row = rows[0] ?? { cells: [], line: 0 };
  expect(readLead(row, columns)).toMatchObject({ kind: 'reject', reason: expect.stringContaining('rejected_surplus') });
  expect(rejectsHeader(file.header, ',') + rejectsLine(file.header, { ...row, line: 2 }, 'too many', ',')).toBe(first);
});

test('a first line sep= is Excel’s own, and UTF-16 is known by its zero bytes', async () => {
  expect((await read('sep=;\nemail;name\nx;y\n')).file.header).toEqual(['email', 'name']);
  expect((await read('sep=;\nemail;name\nx;y\n')).rows).toMatchObject([{ cells: ['x', 'y'] }]);
  expect((await read(iconv.encode('email,név\nx,ő\n', 'utf-16le'))).rows[0]?.cells).toEqual(['x', 'ő']);
});

test('columns that hold addresses are known by their rows, and named when no title is known', async () => {
  const { file } = await read('who,Office,Home\nAna,ana@x.example,\nBo,,bo@y.example\n');
  const holding = columnsWithAddresses(await firstRows(file));
  expect([...holding]).toEqual([1, 2]);
  expect(() => mapColumns(file.header, new Map(), 'l.csv', holding)).toThrow(
    'l.csv:1: no column is named email, but columns "Office", "Home" hold addresses',
  );
  expect(() => mapColumns(['Ann', 'Acme'], new Map(), 'l.csv', new Set([1]))).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('If line 1 is a lead, put a header line above it') }),
  );
});

test('a time zone that is none is found with its line', async () => {
  const { file, rows } = await read('email,tz\na@x.example,Asia/Tokyo\nb@x.example,\nc@x.example,GMT+25\n');
  const columns = mapColumns(file.header, new Map(), 'l.csv');
  expect(unknownZone(rows, columns)).toEqual({ zone: 'GMT+25', line: 4 });
  expect(unknownZone(rows.slice(0, 2), columns)).toBeUndefined();
  expect(unknownZone(rows, ['email', null])).toBeUndefined();
});

test('a row too long for a lead is a reject with a reason; the rows around it are read', async () => {
  const { file, rows } = await read(`email,note\na@x.example,ok\nb@x.example,"${'x'.repeat(1_200_000)}"\nc@x.example,ok\n`);
  const columns = mapColumns(file.header, new Map(), 'l.csv');
  expect(rows.map((row) => readLead(row, columns))).toMatchObject([
    { kind: 'lead' },
    { kind: 'reject', reason: expect.stringContaining('longer than 1 MB'), row: { line: 3 } },
    { kind: 'lead' },
  ]);
});

test.each([
  ['leads.xlsx', 'PK\u0003\u0004'],
  ['leads.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex')],
])('a workbook such as %s is called one, with the way out', async (_, content) => {
  await expect(read(content)).rejects.toMatchObject({
    message: 'leads.csv is a workbook or an archive, not a CSV',
    hint: expect.stringContaining('CSV UTF-8'),
  });
});

test('a file has at most 2,000 columns, and empty ones at the end do not count', async () => {
  const open = (text: string) => openCsv(folder.write('wide.csv', text), 'wide.csv');
  const titles = Array.from({ length: 1_999 }, (_, index) => `c${index}`).join(',');
  expect((await open(`email,${titles}\na@b.example\n`)).header).toHaveLength(2_000);
  await expect(open(`email,${titles},one_more\na@b.example\n`)).rejects.toThrow('wide.csv:1: 2001 columns, and at most 2000 are read');
  expect((await open(`email,name${','.repeat(16_000)}\na@b.example,Ana${','.repeat(16_000)}\n`)).header).toEqual(['email', 'name']);
  // A column without a name that holds something is one.
  expect((await open('email,name,,\na@b.example,Ana,x,\n')).header).toEqual(['email', 'name', '']);
});
