import { columnNamed } from '../csv/columns.ts';
import { type Consent, type Counted, type Survey, surveyConsent, type Unclear } from '../csv/consent.ts';
import type { CsvFile } from '../csv/readRows.ts';
import { OutreachError } from '../domain/errors.ts';
import type { ImportRequest } from '../pipeline/importLeads.ts';
import { canAsk } from '../terminal/abilities.ts';
import { cell, number } from '../terminal/output.ts';
import type { Context } from './context.ts';

/** What a person has said of columns, here or on the command line. */
export interface SaidOfColumns {
  readonly consent: Consent;
  /** Columns that are left alone. */
  readonly ignored: readonly string[];
  /** Columns of which the cells that are not understood count as a yes or a no. */
  readonly settled: Readonly<Record<string, Counted>>;
}

/** Who may be mailed, as the file says it. Throws OutreachError where it is not understood and nobody is there to ask. */
export async function consentIn(
  context: Context,
  file: CsvFile,
  columns: ImportRequest['columns'],
  asked: readonly string[],
): Promise<SaidOfColumns> {
  const alike = (index: number) => file.header.flatMap((name, at) => (name === file.header[index] ? [at] : []));
  const ignored = new Set(asked.flatMap((name) => alike(columnNamed(file.header, name, `--ignore-status ${cell(name)}`, file.name))));
  const survey = await surveyConsent(file, columns);
  const counted = new Map<number, Counted>();
  for (let unclear = survey.unclear(ignored, counted); unclear !== undefined; unclear = survey.unclear(ignored, counted)) {
    const answer = await askOf(context, file, unclear, survey);
    if (answer === 'stop') throw notUnderstood(file, unclear);
    counted.set(unclear.index, answer);
  }
  const titles = [...new Set([...ignored].map((index) => file.header[index] ?? ''))];
  const settled = Object.fromEntries([...counted].map(([index, answer]) => [`${index + 1} ${file.header[index]}`, answer]));
  return { consent: survey.consent(ignored, counted), ignored: titles, settled };
}

/** A person is asked about the cells that are not understood, and about no others: a plain no stays one. */
async function askOf({ output, env }: Context, file: CsvFile, unclear: Unclear, survey: Survey): Promise<Counted | 'stop'> {
  if (!canAsk(env, process.stdin) || !output.stderrIsTerminal) return 'stop';
  const { choose } = await import('../terminal/confirm.ts');
  const { yes, no, nothing, unclear: open, values } = await survey.shares(unclear.index);
  output.talk(said(file, unclear));
  const silent = nothing === 0 ? '' : `, ${number(nothing)} say nothing`;
  output.talk(`Of its rows ${number(yes)} allow mail, ${number(no)} are against it${silent}, and ${number(open)} are not understood:`);
  output.talk(`  ${values.map((value) => `"${cell(value, 40)}"`).join(', ')}${open > values.length ? ', …' : ''}`);
  return choose(
    `May ${open === 1 ? 'this person' : `these ${number(open)} people`} be mailed? No keeps them from all mail; the others stay as they are.`,
    ['yes', 'no', 'stop'],
    'no',
    process.stdin,
    process.stderr,
  );
}

function notUnderstood(file: CsvFile, unclear: Unclear): OutreachError {
  return new OutreachError('input', said(file, unclear), {
    hint: `Nothing is stored. Write yes or no there, or, if these people may be mailed whatever it says: --ignore-status "${cell(unclear.column)}"`,
  });
}

function said({ name }: CsvFile, { column, value, line }: Unclear): string {
  return `${cell(name)}:${line}: column "${cell(column)}" says who may be mailed, and "${cell(value, 40)}" in it is neither a yes nor a no`;
}
