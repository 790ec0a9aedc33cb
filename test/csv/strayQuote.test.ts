import { expect, test } from 'vitest';
import { mapColumns } from '../../src/csv/columns.ts';
import { readLead } from '../../src/csv/leads.ts';
import { RowParser } from '../../src/csv/rowParser.ts';

function kindsOf(text: string): string[] {
  const parser = new RowParser(',', 'leads.csv');
  const [header, ...rows] = [...parser.push(text), ...parser.end()];
  const columns = mapColumns(header?.cells ?? [], new Map(), 'leads.csv');
  return rows.map((row) => readLead(row, columns, ',').kind);
}

test.each([
  ['rows without an address', 'first_name,email,company\nAnn,a@x.example,"Acme\nBob,,Bolt\nCy,,C"\nDi,d@x.example,D\n'],
  ['rows with a bad address', 'email,first_name,company\na@x.example,Ann,"Acme\nnot-an-address,Bob,Bolt\n,Cy,C"\nd@x.example,Di,D\n'],
  [
    'rows shorter than the header',
    'first_name,email,company,note\nAnn,a@x.example,Acme,"hi\nBob,b@x.example,Bolt\nCy,c@x.example,C"\nDi,d@x.example,D,\n',
  ],
  ['rows of two cells', 'email,first_name,company\na@x.example,Ann,"Acme\nb@x.example,Bob\nc@x.example,Cy,C"\nd@x.example,Di,D\n'],
  ['a quote within a line', '"email","first_name","company"\n"a@x.example","Ann,"Acme"\n"d@x.example","Di","D"\n'],
  ['a quote beside a delimiter', 'email,first_name,company\na@x.example,"Ann","x","y,"z"\nd@x.example,Di,D\n'],
])('a stray quote is found by %s', (_, text) => {
  expect(kindsOf(text)).toEqual(['reject', 'lead']);
});

test.each([
  'email,first_name,note\na@x.example,Ann,"Hi, call me\nthen, mail me"\n',
  'email,first_name,note\na@x.example,Ann,"Hi Ann,\nhere are our people: x@a.example, Bob, CEO\nregards"\n',
  'first_name,email,note\nAnn,a@x.example,"line1\nline2, with comma\nline3"\n',
  'email,first_name,note\na@x.example,Ann,"Acme" Inc\n',
  'first_name,email,note\nBob,b@x.example,"quote: Ann,x@a.example,hello\nbye"\n',
  'email,first_name,note\na@x.example,Ann,"Forwarded:\nFrom: c@a.example\nemail,first_name,note\nok"\n',
  'email,first_name,company\na@x.example,Ann,"The "big" C"\n',
  'email,first_name\na@x.example,"Ann\nSmith,Jones"\n',
  'email,first_name,note,city\na@x.example,Ann,"Street 1\n1000 Town","Town"\n',
])('a cell of several lines or with quotes in it is a cell: %j', (text) => {
  expect(kindsOf(text)).toEqual(['lead']);
});
