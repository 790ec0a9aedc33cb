import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formOf } from '../../src/app/exportForms.ts';
import { rejectsHeader, rejectsLine } from '../../src/csv/rejects.ts';
import { RowParser } from '../../src/csv/rowParser.ts';
import { guarded, unguarded } from '../../src/domain/formula.ts';

const FORMULAS = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '＝1+1',
  '＋1',
  '－1',
  '＠SUM(A1)',
  '\u22121',
  '\u200b=1',
  '\u2060\ufeff=1',
  '\u202e＝1',
  '\u00ad@x',
  "'=1",
];

/** What a spreadsheet begins a cell with, in any locale, once nobody's characters are gone. */
const TAKEN = /(?:^|[;\t\r\n])[=+\-@\u2212\uff1d\uff0b\uff0d\uff20]/;
const seen = (cell: string) => cell.replace(/\p{Default_Ignorable_Code_Point}/gu, '');

test.each(FORMULAS)('neither exports nor rejects hand %j to a spreadsheet as a formula', (cell) => {
  for (const text of [cell, `x;${cell}`, `x\n${cell}`]) {
    const exported = formOf('csv', ['company'], {}).row({ company: text }, true);
    const rejected = rejectsHeader(['email', cell], ',') + rejectsLine(['email', cell], { cells: ['x', text], line: 2 }, 'no @', ',');
    const parser = new RowParser(',', 'rejects.csv');
    for (const row of [...parser.push(rejected.slice(1)), ...parser.push(exported), ...parser.end()])
      for (const one of row.cells) expect(seen(one)).not.toMatch(TAKEN);
  }
});

test('what is guarded is given back as it was, whatever it holds', () => {
  const unit = fc.constantFrom(...`=+-@'";,\t\r\n\u200b\u202e＝－xé1 `);
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (cell) => {
      expect(seen(guarded(cell))).not.toMatch(TAKEN);
      expect(unguarded(guarded(cell))).toBe(cell);
    }),
    { numRuns: 3_000 },
  );
});
